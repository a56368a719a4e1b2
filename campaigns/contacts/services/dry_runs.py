"""Reckon what an import would do: read its whole file like the run, compare like the merge, write no contact.

A batch at a time, each in a short transaction that shows progress, so that memory and the temporary table stay small
whatever the file's size. The dry run ends quietly when its row is gone: the choices changed, or the import began.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from campaigns.contacts.core.fields import CUSTOM_PREFIX
from campaigns.contacts.core.rows import note_words
from campaigns.contacts.errors import BadFile, IllegalMove
from campaigns.contacts.models import ContactImport, DryRun
from campaigns.contacts.services.differing import Comparison
from campaigns.contacts.services.locks import DRY_RUNS, running, running_imports
from campaigns.contacts.services.reading import batches, place_of, reader_of
from campaigns.contacts.services.staging import PassingStage
from campaigns.contacts.states import DryRunState, ImportPolicy, ImportState, LegalBasis
from outreach.kit import clock
from outreach.kit.hints import hint_at

ATTEMPTS = 3
_HINT_LOST = timedelta(seconds=30)  # queued this long: the hint to the workers may be lost
_GAVE_UP = f"The worker ended {ATTEMPTS} times while it compared this file; the server's log says why."
logger = logging.getLogger(__name__)


class _Overtaken(Exception):  # no error: other choices, or the import itself
    """The dry run is no longer ours to finish."""


def start_dry_run(row: ContactImport, *, hint: bool = True) -> DryRun:
    """Queue a dry run of the import as it is chosen, in place of the one before. Raises IllegalMove."""
    with transaction.atomic():
        waiting = ContactImport.objects.select_for_update(no_key=True).filter(pk=row.pk, state=ImportState.UPLOADED)
        if not waiting.exists():
            raise IllegalMove(row.pk, "tried out")
        DryRun.objects.filter(contact_import=row.pk).delete()
        dry_run = DryRun.objects.create(contact_import=row, queued_at=clock.now())
        if hint:
            transaction.on_commit(lambda: _hint(dry_run.pk))
    return dry_run


def run_dry_run(dry_run_id: int) -> None:
    """Run a queued dry run to its end. Returns at once when it is gone, not queued, or another worker has it.

    Must not be called inside a transaction.
    """
    with running(dry_run_id, DRY_RUNS) as is_ours:
        if not is_ours:
            return
        taken = DryRun.objects.filter(pk=dry_run_id, state=DryRunState.QUEUED).update(
            state=DryRunState.RUNNING,
            attempts=F("attempts") + 1,
            started_at=clock.now(),
            rows_read=0,
            rows_rejected=0,
            bytes_read=0,
        )
        dry_run = DryRun.objects.select_related("contact_import").filter(pk=dry_run_id).first()
        if not taken or dry_run is None:
            return
        try:
            _run(dry_run)
        except BadFile as error:
            _end(dry_run, state=DryRunState.FAILED, problem=str(error))
        except _Overtaken:
            return


def sweep_dry_runs() -> None:
    """Queue again what lost its worker, fail what lost three, hint what waits."""
    now = clock.now()
    lost = list(DryRun.objects.filter(state=DryRunState.RUNNING))
    alive = running_imports(DRY_RUNS) if lost else frozenset()
    for dry_run in lost:
        if dry_run.pk in alive:
            continue
        if dry_run.attempts < ATTEMPTS:
            logger.warning("dry_run.worker_lost", extra={"dry_run_id": dry_run.pk, "attempts": dry_run.attempts})
            _ours(dry_run).update(state=DryRunState.QUEUED, queued_at=now)
            _hint(dry_run.pk)
        else:
            _ours(dry_run).update(state=DryRunState.FAILED, problem=_GAVE_UP, finished_at=now)
    for pk in DryRun.objects.filter(state=DryRunState.QUEUED, queued_at__lt=now - _HINT_LOST).values_list(
        "pk", flat=True
    ):
        _hint(pk)


def _run(dry_run: DryRun) -> None:
    row = dry_run.contact_import
    reader = reader_of(row)
    names = [target.removeprefix(CUSTOM_PREFIX) for target in row.mapping.values() if target.startswith(CUSTOM_PREFIX)]
    comparison = Comparison(
        row.workspace_id, reader.columns, ImportPolicy(row.policy), names, basis=LegalBasis(row.legal_basis)
    )
    found = comparison.found
    first_lines: dict[str, int] = {}
    with PassingStage(reader.columns) as stage:
        for batch, behind in batches(row, reader):
            batch.reject_repeated(first_lines, reader.columns.index("email_key"), place_of(row))
            with transaction.atomic():
                comparison.add(stage, batch)
                _keep(dry_run, rows_read=found.rows, rows_rejected=found.rejected, bytes_read=behind.bytes_read)
    found.notes = [note_words(note, place_of(row)) for note in reader.notes]
    _end(dry_run, state=DryRunState.DONE, difference=found.as_json())


def _end(dry_run: DryRun, **fields: object) -> None:
    _ours(dry_run).update(finished_at=clock.now(), **fields)


def _keep(dry_run: DryRun, **fields: object) -> None:
    """Show progress. Raises _Overtaken, which rolls the transaction back."""
    if not _ours(dry_run).update(**fields):
        raise _Overtaken


def _ours(dry_run: DryRun) -> QuerySet[DryRun]:
    return DryRun.objects.filter(
        pk=dry_run.pk,
        state=DryRunState.RUNNING,
        attempts=dry_run.attempts,
        contact_import__state=ImportState.UPLOADED,
    )


def _hint(dry_run_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the dry run when Redis is away."""
    hint_at("contacts.run_dry_run", dry_run_id, "dry_run")
