"""Read a stored file batch by batch: what the run of an import and its dry run have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.dialect import Dialect
from campaigns.contacts.core.kinds import kinds_from_json
from campaigns.contacts.core.rows import Rejected, RowReader, original_of
from campaigns.contacts.core.table import Pieces, Table, open_text
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk
from campaigns.contacts.queries.suppressions import Erased

ERASED_CAUSE = "This person was erased on request, and is not stored again."
_BATCH_ROWS = 20_000
_HOPELESS_ROWS, _HOPELESS_SHARE = 50_000, 0.98  # so many unusable rows, and so great a part of all


@dataclass(slots=True)
class Batch:
    """Some rows of a file that stand one behind the other."""

    taken: list[list[str]]  # values in the order of the reader's columns
    rejected: list[tuple[int, str, str]]  # line, cause, original
    bytes_read: int  # of the file, so far

    def __len__(self) -> int:
        return len(self.taken) + len(self.rejected)


def reader_of(row: ContactImport) -> RowReader:
    """Return what makes contacts of this import's rows; it remembers their addresses and what was left empty."""
    columns = Columns(tuple(row.columns), row.has_header)
    return RowReader(columns, row.mapping, kinds_from_json(row.kinds), place=place_of(row))


def place_of(row: ContactImport) -> str:
    """Return what the number of a row counts."""
    return "row" if row.sheets else "line"


def batches(row: ContactImport, reader: RowReader) -> Iterator[Batch]:
    """Yield the whole file; the last batch may be empty. Raises BadFile, also for one that is no table of contacts."""
    pieces = Pieces(_chunks(row))
    dialect = Dialect(row.delimiter, row.quote, row.escape, row.skip_lines)
    table = Table(open_text(pieces, row.encoding), dialect)
    rows = iter(table)
    if row.has_header:
        next(rows, None)
    rows_read = unusable = 0
    erased, key_at = Erased(row.workspace_id), reader.columns.index("email_key")
    batch = Batch([], [], 0)
    for line, cells in rows:
        outcome = reader.read(line, cells)
        if isinstance(outcome, Rejected):
            unusable += not outcome.is_repeated
            batch.rejected.append((line, outcome.cause, original_of(table.raw)))
        elif erased and outcome[key_at] in erased:
            batch.rejected.append((line, ERASED_CAUSE, ""))  # the row itself is what must not be kept
        else:
            batch.taken.append(outcome)
        if len(batch) >= _BATCH_ROWS:
            rows_read += len(batch)
            batch.bytes_read = pieces.bytes_read
            yield batch
            _refuse_hopeless(unusable, rows_read, batch)
            batch = Batch([], [], 0)
    batch.bytes_read = row.table_bytes
    yield batch


def _refuse_hopeless(unusable: int, rows_read: int, batch: Batch) -> None:
    """Stop at a file that is no table of contacts, before millions of rows are kept as rejected. Raises BadFile."""
    if unusable >= _HOPELESS_ROWS and unusable > _HOPELESS_SHARE * rows_read:
        cause = Counter(cause for _, cause, _ in batch.rejected).most_common(1)[0][0]
        raise BadFile(
            f"Only {rows_read - unusable:,} of the first {rows_read:,} rows can become contacts, "
            f"mostly for this: {cause} Nothing was imported. Look at how the file is read, or export it again."
        )


def _chunks(row: ContactImport) -> Iterator[bytes]:
    """Yield the stored text, or the chosen sheet, chunk by chunk, one in memory at a time."""
    sheet = row.chosen_sheet
    chunks = ImportChunk.objects.filter(contact_import=row).values_list("content", flat=True)
    for number in range(sheet.first_chunk, sheet.first_chunk + sheet.chunks) if sheet else count():
        content = chunks.filter(number=number).first()
        if content is None:
            return
        yield bytes(content)
