"""Run an import: read the stored file, check each row, stage the good ones, merge them in one transaction.

Reading goes in short transactions, each of which shows progress and asks whether the import was cancelled;
what they write is a temporary table and the rejected rows. The merge is one transaction that ends by moving
the import to DONE: a worker that is killed at any moment leaves no contact behind, and the next attempt
begins anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count

from django.db import transaction
from django.db.models import F

from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.dialect import Dialect
from campaigns.contacts.core.rows import Rejected, RowReader, note_words, original_of
from campaigns.contacts.core.table import Pieces, Table, open_text
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk, RejectedRow
from campaigns.contacts.services.imports import fail
from campaigns.contacts.services.locks import running
from campaigns.contacts.services.merging import Merge, Stage
from campaigns.contacts.services.tags import tags_named
from campaigns.contacts.states import ImportPolicy, ImportState
from outreach.kit import clock

_BATCH_ROWS = 20_000
_HOPELESS_ROWS, _HOPELESS_SHARE = 50_000, 0.98  # so many unusable rows, and so great a part of all


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
    columns = Columns(tuple(row.columns), row.has_header)
    place = "row" if row.sheets else "line"
    policy = ImportPolicy(row.policy)
    reader = RowReader(columns, row.mapping, place=place)
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
                notes=[note_words(note, place) for note in reader.notes],
            )
            ImportChunk.objects.filter(contact_import=row.pk).delete()


def _read(row: ContactImport, reader: RowReader, stage: Stage) -> Progress:
    """Check and stage every row of the file. Raises BadFile, Interrupted."""
    pieces = Pieces(_chunks(row))
    dialect = Dialect(row.delimiter, row.quote, row.escape, row.skip_lines)
    table = Table(open_text(pieces, row.encoding), dialect)
    rows = iter(table)
    if row.has_header:
        next(rows, None)
    progress = Progress()
    taken: list[list[str]] = []
    rejected: list[tuple[int, str, str]] = []
    unusable = 0
    for line, cells in rows:
        outcome = reader.read(line, cells)
        if isinstance(outcome, Rejected):
            unusable += not outcome.is_repeated
            rejected.append((line, outcome.cause, original_of(table.raw)))
        else:
            taken.append(outcome)
        if len(taken) + len(rejected) >= _BATCH_ROWS:
            progress.bytes_read = pieces.bytes_read
            _store_batch(row, stage, progress, taken, rejected)
            _refuse_hopeless(unusable, progress, rejected)
            taken, rejected = [], []
    progress.bytes_read = row.table_bytes
    _store_batch(row, stage, progress, taken, rejected)
    return progress


def _refuse_hopeless(unusable: int, progress: Progress, rejected: list[tuple[int, str, str]]) -> None:
    """Stop at a file that is no table of contacts, before millions of rows are kept as rejected. Raises BadFile."""
    if unusable >= _HOPELESS_ROWS and unusable > _HOPELESS_SHARE * progress.rows_read:
        cause = Counter(cause for _, cause, _ in rejected).most_common(1)[0][0]
        raise BadFile(
            f"Only {progress.rows_read - unusable:,} of the first {progress.rows_read:,} rows can become contacts, "
            f"mostly for this: {cause} Nothing was imported. Look at how the file is read, or export it again."
        )


def _store_batch(
    row: ContactImport,
    stage: Stage,
    progress: Progress,
    taken: list[list[str]],
    rejected: list[tuple[int, str, str]],
) -> None:
    """Write one batch and show how far we are. Raises Interrupted."""
    progress.rows_read += len(taken) + len(rejected)
    progress.rows_rejected += len(rejected)
    with transaction.atomic():
        stage.add(taken)
        stage.reject(rejected)
        _keep_if_ours(row, **asdict(progress))


def _keep_if_ours(row: ContactImport, **fields: object) -> None:
    """Write to the import unless it was cancelled. Raises Interrupted, which rolls the transaction back."""
    ours = ContactImport.objects.filter(pk=row.pk, state=ImportState.RUNNING, attempts=row.attempts)
    if not ours.update(**fields):
        raise Interrupted


def _chunks(row: ContactImport) -> Iterator[bytes]:
    """Yield the stored text, or the chosen sheet, chunk by chunk, one in memory at a time."""
    sheet = row.chosen_sheet
    chunks = ImportChunk.objects.filter(contact_import=row).values_list("content", flat=True)
    for number in range(sheet.first_chunk, sheet.first_chunk + sheet.chunks) if sheet else count():
        content = chunks.filter(number=number).first()
        if content is None:
            return
        yield bytes(content)
