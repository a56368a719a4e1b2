"""The life of an import around its run: confirmed, cancelled, picked up again when its worker died."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.contacts.core import sheets
from campaigns.contacts.core.columns import Columns, checked_mapping
from campaigns.contacts.core.fields import CUSTOM_PREFIX
from campaigns.contacts.core.kinds import checked_kinds, kinds_from_json
from campaigns.contacts.core.undo import UNDO_FOR
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.models import (
    ContactImport,
    ContactList,
    DryRun,
    ImportChange,
    ImportChunk,
    ImportTrace,
    RejectedRow,
)
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.services.fields import define_fields
from campaigns.contacts.services.locks import running_imports
from campaigns.contacts.services.people import clean_name, list_named
from campaigns.contacts.services.staging import Stage, staged_imports
from campaigns.contacts.services.undoing import queue_undo_hint
from campaigns.contacts.services.uploads import READING_FIELDS, Wanted, note_reading, read_head
from campaigns.contacts.states import DryRunState, ImportState, import_sources
from outreach.kit import clock
from outreach.kit.hints import hint_at

ATTEMPTS = 3
CHOSEN_FIELDS = (
    "mapping", "kinds", "policy", "tags", "source", "legal_basis", "basis_on", "basis_page", "subscribers",
    "tidy_names",
)  # fmt: skip
_FORGOTTEN = timedelta(days=7)  # an upload that nobody confirmed
_HINT_LOST = timedelta(seconds=30)  # queued this long: the hint to the workers may be lost
_GAVE_UP = (
    f"The worker ended {ATTEMPTS} times at the same place of this file. Nothing was imported. "
    "The server's log says why; split the file if it ran out of memory."
)
logger = logging.getLogger(__name__)


def reread(row: ContactImport, wanted: Wanted, *, sheet: int = 0) -> None:
    """Read a stored text anew as wanted, or another sheet; the mapping is guessed again.

    Raises BadFile when the file makes no sense that way, IllegalMove when it was confirmed meanwhile.
    """
    if row.state != ImportState.UPLOADED:  # its file may be gone
        raise IllegalMove(row.pk, "read anew")
    if row.sheets:
        row.sheet, wanted = sheet, replace(wanted, encoding=sheets.ENCODING, delimiter="", quote=None)
    note_reading(row, read_head(row, wanted))
    fields = {name: getattr(row, name) for name in READING_FIELDS}
    with transaction.atomic():
        if not ContactImport.objects.filter(pk=row.pk, state=ImportState.UPLOADED).update(**fields):
            raise IllegalMove(row.pk, "read anew")
        DryRun.objects.filter(contact_import=row.pk).delete()


def confirm(
    row: ContactImport, mapping: Mapping[str, str], contact_list: ContactList | None, *, hint: bool = True
) -> None:
    """Queue the import with this mapping and list; hint wakes a worker. Raises BadMapping, IllegalMove.

    What the row says about kinds, policy, tags, source and legal basis is kept with it. Custom fields that the
    workspace does not know come into being.
    """
    chosen = _chosen(row, mapping)
    labels = {target.removeprefix(CUSTOM_PREFIX): column for column, target in row.mapping.items()}
    kinds = kinds_from_json(row.kinds)
    with transaction.atomic():
        define_fields(row.workspace_id, {name: (typed.kind, labels[name]) for name, typed in kinds.items()})
        _move(row.pk, ImportState.QUEUED, contact_list=contact_list, queued_at=clock.now(), **chosen)
        DryRun.objects.filter(contact_import=row.pk).exclude(state=DryRunState.DONE).delete()
        if hint:
            transaction.on_commit(lambda: queue_hint(row.pk))


def choose(row: ContactImport, mapping: Mapping[str, str], list_name: str) -> None:
    """Keep the choices for an import that waits, and forget what a dry run said about others.

    Raises BadMapping, BadContact for a name that no list can have, and IllegalMove.
    """
    row.list_name = clean_name(list_name) if list_name.strip() else ""
    chosen = _chosen(row, mapping) | {"list_name": row.list_name}
    with transaction.atomic():
        if not ContactImport.objects.filter(pk=row.pk, state=ImportState.UPLOADED).update(**chosen):
            raise IllegalMove(row.pk, "chosen anew")
        DryRun.objects.filter(contact_import=row.pk).delete()


def _chosen(row: ContactImport, mapping: Mapping[str, str]) -> dict[str, object]:
    """Put the mapping and the kinds, checked, into the row, and return its columns that a person chooses."""
    row.mapping = checked_mapping(Columns(tuple(row.columns), row.has_header), mapping)
    kinds = checked_kinds(row.mapping, kinds_from_json(row.kinds), known_kinds(row.workspace_id))
    row.kinds = {name: typed.code for name, typed in kinds.items()}
    return {name: getattr(row, name) for name in CHOSEN_FIELDS}


def confirm_onto(row: ContactImport, mapping: Mapping[str, str], list_name: str, *, hint: bool = True) -> None:
    """Queue the import with this mapping and the list of this name, created when there is none; "" = no list.

    Raises BadMapping, BadContact, IllegalMove, and then no list was created.
    """
    with transaction.atomic():
        target = list_named(row.workspace, list_name) if list_name.strip() else None
        confirm(row, mapping, target, hint=hint)


def cancel_import(row: ContactImport) -> None:
    """Stop the import; only its place in the history is kept. Raises IllegalMove when it has ended."""
    with transaction.atomic():
        _move(row.pk, ImportState.CANCELLED, finished_at=clock.now())
        _forget_file([row.pk])


def sweep_imports() -> None:
    """Queue again what lost its worker, fail what lost three, hint what waits, forget old uploads."""
    now = clock.now()
    _revive_lost(now)
    _forget_stages()
    _forget_records(now)
    running = running_imports()
    for pk in (
        ContactImport.objects.filter(state=ImportState.UNDOING).exclude(pk__in=running).values_list("pk", flat=True)
    ):
        queue_undo_hint(pk)
    waiting = ContactImport.objects.filter(state=ImportState.QUEUED, queued_at__lt=now - _HINT_LOST)
    for pk in waiting.values_list("pk", flat=True):
        queue_hint(pk)
    forgotten = ContactImport.objects.filter(state=ImportState.UPLOADED, created_at__lt=now - _FORGOTTEN)
    for row in forgotten:
        cancel_import(row)


def _revive_lost(now: datetime) -> None:
    # First who runs, then who is alive: an import that begins or ends in between is never taken for lost.
    running = list(
        ContactImport.objects.filter(state=ImportState.RUNNING).values_list("pk", "attempts", "checkpoint_attempt")
    )
    alive = running_imports() if running else frozenset()
    for pk, attempts, reached_by in running:
        if pk in alive:
            continue
        # An attempt that stored a batch has come further than those before it: restarts do not end an import.
        if attempts - max(reached_by - 1, 0) < ATTEMPTS:
            logger.warning("import.worker_lost", extra={"import_id": pk, "attempts": attempts})
            ContactImport.objects.filter(pk=pk, state=ImportState.RUNNING, attempts=attempts).update(
                state=ImportState.QUEUED, queued_at=now
            )
            queue_hint(pk)
        else:
            fail(pk, _GAVE_UP)


def _forget_stages() -> None:
    """Drop what imports left that were cancelled or failed by somebody else than their worker."""
    staged = staged_imports()  # asked first: whose table is there now is running, or has ended
    unfinished = ContactImport.objects.filter(pk__in=staged, state__in=[ImportState.QUEUED, ImportState.RUNNING])
    for pk in {*staged}.difference(unfinished.values_list("pk", flat=True), running_imports()):
        Stage(pk, ()).drop()


def _forget_records(now: datetime) -> None:
    """Delete what was kept for an undo that is no longer offered: it holds values of people."""
    old = ContactImport.objects.filter(state=ImportState.DONE, merged_at__lt=now - UNDO_FOR)
    ImportChange.objects.filter(contact_import__in=old).delete()
    ImportTrace.objects.filter(contact_import__in=old).delete()


def fail(import_id: int, problem: str) -> None:
    """End the import with a problem that is shown; nothing was merged."""
    with transaction.atomic():
        _move(import_id, ImportState.FAILED, problem=problem, finished_at=clock.now())
        _forget_file([import_id])


def queue_hint(import_id: int) -> None:
    """Wake a worker for a queued import. Only a hint: the sweep finds the import when Redis is away."""
    hint_at("contacts.run_import", import_id, "import")


def _move(import_id: int, new: ImportState, **fields: object) -> None:
    moved = ContactImport.objects.filter(pk=import_id, state__in=import_sources(new)).update(state=new, **fields)
    if not moved:
        raise IllegalMove(import_id, new)


def _forget_file(import_ids: list[int]) -> None:
    """Delete the stored bytes; and what was rejected so far, since nothing came of the import."""
    DryRun.objects.filter(contact_import__in=import_ids).delete()
    ImportChunk.objects.filter(contact_import__in=import_ids).delete()
    RejectedRow.objects.filter(contact_import__in=import_ids).delete()
