"""Run an import: read the stored file, check each row, stage the good ones, merge them in one transaction.

Reading goes in short transactions. Each stores a batch, good and rejected rows, and a checkpoint behind it; it shows
progress and asks whether the import was cancelled. Whoever takes over from a killed worker goes on at the checkpoint.
The merge is one transaction that ends by moving the import to DONE: killed in it, nothing is there but the stage, and
the next attempt has only the merge to do again.
"""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.db.models import F

from campaigns.contacts.core.rows import RowReader, note_words
from campaigns.contacts.core.seen import Seen
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk, RejectedRow
from campaigns.contacts.services.imports import fail
from campaigns.contacts.services.locks import hold_for_merge, running
from campaigns.contacts.services.merging import Merge, merge
from campaigns.contacts.services.reading import Checkpoint, batches, place_of, reader_of
from campaigns.contacts.services.staging import Stage
from campaigns.contacts.services.tags import tags_named
from campaigns.contacts.states import ImportPolicy, ImportState, LegalBasis
from outreach.kit import clock


class Interrupted(Exception):  # no error: a person cancelled
    """The import is no longer ours to run."""


def run_import(import_id: int) -> None:
    """Run a queued import to its end: DONE, FAILED with its problem, or left to whoever cancelled it.

    Returns at once when the import is not queued or another worker has it. Other errors than those of the
    file pass through; the import then is swept and goes on where it was. Must not be called inside a transaction.
    """
    with running(import_id) as is_ours:
        if not is_ours:
            return
        row = _begin(import_id)
        if row is None:
            return
        reader = reader_of(row)
        stage = Stage(import_id, reader.columns)
        try:
            _run(row, reader, stage)
        except BadFile as error:
            fail(import_id, str(error))
        except Interrupted:
            RejectedRow.objects.filter(contact_import=import_id).delete()
        stage.drop()


def _begin(import_id: int) -> ContactImport | None:
    """Take the import: QUEUED becomes RUNNING."""
    taken = ContactImport.objects.filter(pk=import_id, state=ImportState.QUEUED).update(
        state=ImportState.RUNNING, attempts=F("attempts") + 1, started_at=clock.now()
    )
    return ContactImport.objects.get(pk=import_id) if taken else None


def _run(row: ContactImport, reader: RowReader, stage: Stage) -> None:
    """Read what is not read yet, then merge. Raises BadFile, Interrupted."""
    reached = Checkpoint.from_json(row.checkpoint) if row.checkpoint else Checkpoint()
    seen = Seen()
    with transaction.atomic():
        if row.checkpoint and stage.holds(reached.rows_taken):
            for key in stage.addresses():
                seen.add(key)
        else:
            reached = Checkpoint()
            stage.create()
            RejectedRow.objects.filter(contact_import=row.pk).delete()
    for batch, behind in batches(row, reader, reached, seen):
        reached = behind
        with transaction.atomic():
            stage.add(batch.taken, batch.lines)
            stage.reject([*batch.rejected, *((line, "", original) for line, original in batch.suspects)])
            _keep_if_ours(
                row,
                rows_read=reached.rows_read,
                rows_rejected=reached.rows_rejected,
                bytes_read=reached.bytes_read,
                checkpoint=asdict(reached),
                checkpoint_attempt=row.attempts,
            )
    _merge(row, reader, stage, reached)


def _merge(row: ContactImport, reader: RowReader, stage: Stage, reached: Checkpoint) -> None:
    """Carry over what is staged, and end the import. Raises Interrupted."""
    policy, now = ImportPolicy(row.policy), clock.now()
    with transaction.atomic():
        hold_for_merge(row.workspace_id)
        repeated = stage.settle(place_of(row))
        tag_ids = tuple(tag.pk for tag in tags_named(row.workspace_id, row.tags)) if row.tags else ()
        basis = LegalBasis(row.legal_basis)
        counts = merge(stage, Merge(row.workspace_id, row.pk, row.contact_list_id, now, policy, tag_ids, basis))
        rows_known = reached.rows_taken - repeated - counts.created - counts.updated
        is_skipping = policy == ImportPolicy.SKIP
        _keep_if_ours(
            row,
            state=ImportState.DONE,
            finished_at=clock.now(),
            merged_at=now,
            rows_rejected=reached.rows_rejected + repeated,
            rows_created=counts.created,
            rows_updated=counts.updated,
            rows_unchanged=0 if is_skipping else rows_known,
            rows_skipped=rows_known if is_skipping else 0,
            rows_suppressed=counts.suppressed,
            rows_grounded=counts.grounded,
            notes=[note_words(note, place_of(row)) for note in reader.notes],
            checkpoint=None,
        )
        ImportChunk.objects.filter(contact_import=row.pk).delete()


def _keep_if_ours(row: ContactImport, **fields: object) -> None:
    """Write to the import unless it was cancelled. Raises Interrupted, which rolls the transaction back."""
    ours = ContactImport.objects.filter(pk=row.pk, state=ImportState.RUNNING, attempts=row.attempts)
    if not ours.update(**fields):
        raise Interrupted
