"""Run an import: read the stored file, check each row, stage the good ones, merge them in one transaction.

Reading goes in short transactions, each of which shows progress and asks whether the import was cancelled;
what they write is a temporary table and the rejected rows. The merge is one transaction that ends by moving
the import to DONE: a worker that is killed at any moment leaves no contact behind, and the next attempt
begins anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import F

from campaigns.contacts.core.rows import RowReader, note_words
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk, RejectedRow
from campaigns.contacts.services.imports import fail
from campaigns.contacts.services.locks import running
from campaigns.contacts.services.merging import Merge, Stage
from campaigns.contacts.services.reading import batches, place_of, reader_of
from campaigns.contacts.services.tags import tags_named
from campaigns.contacts.states import ImportPolicy, ImportState
from outreach.kit import clock


@dataclass(slots=True)
class Progress:
    """How far the reading of a file is."""

    rows_read: int = 0
    rows_rejected: int = 0
    bytes_read: int = 0


class Interrupted(Exception):  # no error: a person cancelled
    """The import is no longer ours to run."""


def run_import(import_id: int) -> None:
    """Run a queued import to its end: DONE, FAILED with its problem, or left to whoever cancelled it.

    Returns at once when the import is not queued or another worker has it. Other errors than those of the
    file pass through; the import then is swept and tried again. Must not be called inside a transaction.
    """
    with running(import_id) as is_ours:
        if not is_ours:
            return
        row = _begin(import_id)
        if row is None:
            return
        try:
            _run(row)
        except BadFile as error:
            fail(import_id, str(error))
        except Interrupted:
            RejectedRow.objects.filter(contact_import=import_id).delete()


def _begin(import_id: int) -> ContactImport | None:
    """Take the import: QUEUED becomes RUNNING, counters start anew."""
    with transaction.atomic():
        taken = ContactImport.objects.filter(pk=import_id, state=ImportState.QUEUED).update(
            state=ImportState.RUNNING,
            attempts=F("attempts") + 1,
            started_at=clock.now(),
            **asdict(Progress()),
        )
        if not taken:
            return None
        RejectedRow.objects.filter(contact_import=import_id).delete()  # of an attempt that died
    return ContactImport.objects.get(pk=import_id)


def _run(row: ContactImport) -> None:
    policy = ImportPolicy(row.policy)
    reader = reader_of(row)
    with Stage(row.pk, reader.columns) as stage:
        progress = _read(row, reader, stage)
        with transaction.atomic():
            tag_ids = tuple(tag.pk for tag in tags_named(row.workspace_id, row.tags)) if row.tags else ()
            into = Merge(row.workspace_id, row.pk, row.contact_list_id, clock.now(), policy, tag_ids)
            counts = stage.merge(into)
            rows_known = progress.rows_read - progress.rows_rejected - counts.created - counts.updated
            is_skipping = policy == ImportPolicy.SKIP
            _keep_if_ours(
                row,
                state=ImportState.DONE,
                finished_at=clock.now(),
                rows_created=counts.created,
                rows_updated=counts.updated,
                rows_unchanged=0 if is_skipping else rows_known,
                rows_skipped=rows_known if is_skipping else 0,
                rows_suppressed=counts.suppressed,
                notes=[note_words(note, place_of(row)) for note in reader.notes],
            )
            ImportChunk.objects.filter(contact_import=row.pk).delete()


def _read(row: ContactImport, reader: RowReader, stage: Stage) -> Progress:
    """Check and stage every row of the file. Raises BadFile, Interrupted."""
    progress = Progress()
    for batch in batches(row, reader):
        progress.rows_read += len(batch)
        progress.rows_rejected += len(batch.rejected)
        progress.bytes_read = batch.bytes_read
        with transaction.atomic():
            stage.add(batch.taken)
            stage.reject(batch.rejected)
            _keep_if_ours(row, **asdict(progress))
    return progress


def _keep_if_ours(row: ContactImport, **fields: object) -> None:
    """Write to the import unless it was cancelled. Raises Interrupted, which rolls the transaction back."""
    ours = ContactImport.objects.filter(pk=row.pk, state=ImportState.RUNNING, attempts=row.attempts)
    if not ours.update(**fields):
        raise Interrupted
