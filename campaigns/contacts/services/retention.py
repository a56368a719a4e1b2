"""Forget by itself what a workspace does not want to keep: once a day, in small batches that go on after a crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from campaigns.contacts.models import Contact, ContactImport, ImportChunk, RejectedRow, Retention, RetentionRun
from campaigns.contacts.parts import parts
from campaigns.contacts.services.erasing import acknowledge
from campaigns.contacts.states import ImportState
from outreach.accounts.models import Workspace
from outreach.kit import clock, gate, session_lock

_DAY = timedelta(days=1)
_MONTH_DAYS = 365.2425 / 12
_SLICE_S = 30.0  # of one workspace; the rest follows at the next tick
_CONTACTS, _ROWS, _MESSAGES = 20, 5_000, 1_000  # of one batch
_OVER = [ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE]
_SPACE = 0x6A84  # of PostgreSQL's advisory locks: who keeps the rules of a workspace
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One batch: by the rules as they are at its beginning, in which run, until when (time.monotonic)."""

    rules: Retention
    run: RetentionRun
    now: datetime
    ends: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.ends


def set_retention(workspace: Workspace, days: Mapping[str, int | None]) -> None:
    """Say after how long what is forgotten: idle_months, files_days, transcripts_days; None = never."""
    Retention.objects.update_or_create(workspace=workspace, defaults=dict(days))


def keep_retention() -> None:
    """Go on with today's run of each workspace that has one to do. Safe to run twice at once, late or never."""
    for workspace_id in list(Retention.objects.order_by("workspace_id").values_list("workspace_id", flat=True)):
        try:
            _keep(workspace_id)
        except Exception:  # the outermost loop: one workspace does not hold up the others
            logger.exception("contacts.retention_failed", extra={"workspace": workspace_id})


def _keep(workspace_id: int) -> None:
    """Keep the rules of a workspace, unless another worker is at it."""
    with session_lock.tried(_SPACE, workspace_id) as is_ours:
        if is_ours:
            _go_on(workspace_id)


def _go_on(workspace_id: int) -> None:
    now, ends = clock.now(), time.monotonic() + _SLICE_S
    rules = Retention.objects.filter(workspace=workspace_id).first()
    if rules is None or not any((rules.idle_months, rules.files_days, rules.transcripts_days)):
        return
    run = _todays(rules, now)
    if run.finished_at is not None:
        return
    steps: tuple[Callable[[_Turn], bool], ...] = (_contacts, _rows, _files, _transcripts)
    for step in steps:
        is_more = True
        while is_more:
            rules.refresh_from_db()  # somebody may want to keep more from now on
            turn = _Turn(rules, run, now, ends)
            is_more = step(turn)
            if is_more and turn.is_over:
                return
    RetentionRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=clock.now())


def _todays(rules: Retention, now: datetime) -> RetentionRun:
    """Return the run to go on with, finished or not: a new one a day after the last has begun."""
    with transaction.atomic():
        Retention.objects.select_for_update(no_key=True).get(pk=rules.pk)  # two ticks make one run
        last = RetentionRun.objects.filter(workspace=rules.workspace_id).order_by("-begun_at", "-pk").first()
        if last is not None and (last.finished_at is None or last.begun_at > now - _DAY):
            return last
        return RetentionRun.objects.create(workspace_id=rules.workspace_id, begun_at=now)


def _contacts(turn: _Turn) -> bool:
    """Erase the next contacts with whom nothing happened for so long; False when all were looked at."""
    rules, run = turn.rules, turn.run
    if rules.idle_months is None:
        return False
    since = turn.now - timedelta(days=rules.idle_months * _MONTH_DAYS)
    rows = Contact.objects.filter(workspace=rules.workspace_id, erased_at=None, created_at__lt=since)
    found = list(rows.filter(pk__gt=run.contacts_to).order_by("pk").values_list("pk", flat=True)[:_CONTACTS])
    active = _active(rules.workspace_id, found, since) if found else set()
    for pk in found:
        if pk not in active:
            _erase_idle(turn, pk, since)
        run.contacts_to = pk
        if turn.is_over:
            break
    RetentionRun.objects.filter(pk=run.pk).update(contacts_to=run.contacts_to)
    return bool(found)


def _erase_idle(turn: _Turn, pk: int, since: datetime) -> None:
    """Erase a contact, unless something has happened with them in the meantime: asked again where nothing can leave."""
    workspace_id, months = turn.rules.workspace_id, turn.rules.idle_months
    with transaction.atomic():
        gate.hold_shut(workspace_id)
        rows = Contact.objects.select_for_update(of=("self",), no_key=True)
        contact = rows.filter(pk=pk, workspace=workspace_id, erased_at=None).first()
        if contact is None or _active(workspace_id, [pk], since):
            return
        acknowledge(contact, why=f"Nothing happened for {months} months", wanted_by="Retention")
        RetentionRun.objects.filter(pk=turn.run.pk).update(contacts_to=pk, contacts=F("contacts") + 1)


def _active(workspace_id: int, ids: Collection[int], since: datetime) -> set[int]:
    return {pk for part in parts() for pk in part.active(workspace_id, ids, since)}


def _rows(turn: _Turn) -> bool:
    """Forget rows that were refused by imports that ended so long ago."""
    if turn.rules.files_days is None:
        return False
    old = RejectedRow.objects.filter(contact_import__in=_old_imports(turn)).values_list("pk", flat=True)
    removed, _ = RejectedRow.objects.filter(pk__in=list(old[:_ROWS])).delete()
    RetentionRun.objects.filter(pk=turn.run.pk).update(rows=F("rows") + removed)
    return removed == _ROWS


def _files(turn: _Turn) -> bool:
    """Forget the files of imports that ended so long ago and whose file is still there."""
    if turn.rules.files_days is None:
        return False
    kept = ImportChunk.objects.filter(contact_import__in=_old_imports(turn))
    files = set(kept.values_list("contact_import", flat=True).distinct()[:10])
    ImportChunk.objects.filter(contact_import__in=files).delete()
    RetentionRun.objects.filter(pk=turn.run.pk).update(files=F("files") + len(files))
    return bool(files)


def _old_imports(turn: _Turn) -> list[int]:
    before = turn.now - timedelta(days=turn.rules.files_days or 0)
    rows = ContactImport.objects.filter(workspace=turn.rules.workspace_id, state__in=_OVER, created_at__lt=before)
    return list(rows.values_list("pk", flat=True))


def _transcripts(turn: _Turn) -> bool:
    """Forget the dialogues of the next messages that were made so long ago."""
    rules = turn.rules
    if rules.transcripts_days is None:
        return False
    before = turn.now - timedelta(days=rules.transcripts_days)
    forgotten, last = 0, rules.transcripts_to
    for part in parts():
        count, reached = part.forgets(rules.workspace_id, before, rules.transcripts_to, _MESSAGES)
        forgotten, last = forgotten + count, max(last, reached)
    is_more = last > rules.transcripts_to
    Retention.objects.filter(pk=rules.pk).update(transcripts_to=last)
    RetentionRun.objects.filter(pk=turn.run.pk).update(transcripts=F("transcripts") + forgotten)
    return is_more
