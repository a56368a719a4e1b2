"""Read a stored file batch by batch: what the run of an import and its dry run have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.db import connection
from psycopg import Cursor

from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.dialect import Dialect
from campaigns.contacts.core.kinds import kinds_from_json
from campaigns.contacts.core.rows import Note, Rejected, RowReader, original_of
from campaigns.contacts.core.seen import Seen
from campaigns.contacts.core.table import Mark, Pieces, Table, open_text
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport
from campaigns.contacts.queries.suppressions import Erased

ERASED_CAUSE = "This person was erased, and is not stored again."
_BATCH_ROWS = 20_000
_HOPELESS_ROWS, _HOPELESS_SHARE = 50_000, 0.98  # so many unusable rows, and so great a part of all


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is known of a file behind one of its batches: from here another worker goes on."""

    mark: Mark = field(default_factory=Mark)
    rows_read: int = 0
    rows_rejected: int = 0
    rows_taken: int = 0
    bytes_read: int = 0
    notes: tuple[Note, ...] = ()

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Checkpoint:
        """Read what asdict() gave."""
        notes = tuple(Note(**note) for note in stored["notes"])
        return cls(**stored | {"mark": Mark(**stored["mark"]), "notes": notes})


@dataclass(slots=True)
class Batch:
    """Some rows of a file that stand one behind the other."""

    taken: list[list[str]] = field(default_factory=list)  # values in the order of the reader's columns
    lines: list[int] = field(default_factory=list)  # of those taken
    rejected: list[tuple[int, str, str]] = field(default_factory=list)  # line, cause, original
    suspects: list[tuple[int, str]] = field(default_factory=list)  # line, original: taken, and perhaps repeated

    def __len__(self) -> int:
        return len(self.taken) + len(self.rejected)

    def reject_repeated(self, first_lines: dict[str, int], key_at: int, place: str) -> None:
        """Judge the suspects at once, where no stage is kept; first_lines has the addresses of the batches before."""
        originals = dict(self.suspects)
        taken, lines = [], []
        for values, line in zip(self.taken, self.lines, strict=True):
            first = first_lines.setdefault(values[key_at], line)
            if first == line:
                taken.append(values)
                lines.append(line)
            else:
                self.rejected.append((line, f"Same address as {place} {first}.", originals[line]))
        self.taken, self.lines, self.suspects = taken, lines, []


def reader_of(row: ContactImport) -> RowReader:
    """Return what makes contacts of this import's rows; it remembers what was left empty."""
    columns = Columns(tuple(row.columns), row.has_header)
    return RowReader(columns, row.mapping, kinds_from_json(row.kinds), tidies_names=row.tidy_names)


def place_of(row: ContactImport) -> str:
    """Return what the number of a row counts."""
    return "row" if row.sheets else "line"


def batches(
    row: ContactImport, reader: RowReader, begin: Checkpoint | None = None, seen: Seen | None = None
) -> Iterator[tuple[Batch, Checkpoint]]:
    """Yield the file from the checkpoint on, each batch with the one behind it; the last batch may be empty.

    `seen` knows the addresses of the rows before. Raises BadFile, also for a file that is no table of contacts.
    """
    at, seen = begin or Checkpoint(), seen or Seen()
    reader.recall(at.notes)
    pieces = Pieces(_chunks(row))
    dialect = Dialect(row.delimiter, row.quote, row.escape, row.skip_lines)
    table = Table(open_text(pieces, row.encoding), dialect, at.mark)
    rows = iter(table)
    if row.has_header and not at.mark.line:
        next(rows, None)
    erased, key_at = Erased(row.workspace_id), reader.columns.index("email_key")
    batch = Batch()
    for line, cells in rows:
        outcome = reader.read(line, cells)
        if isinstance(outcome, Rejected):
            batch.rejected.append((line, outcome.cause, original_of(table.raw)))
        elif erased and outcome[key_at] in erased:
            batch.rejected.append((line, ERASED_CAUSE, ""))  # the row itself is what must not be kept
        else:
            batch.taken.append(outcome)
            batch.lines.append(line)
            if seen.add(outcome[key_at]):
                batch.suspects.append((line, original_of(table.raw)))
        if len(batch) >= _BATCH_ROWS:
            at = _behind(at, batch, reader, table.mark, pieces.bytes_read)
            yield batch, at
            _refuse_hopeless(at, batch)
            batch = Batch()
    yield batch, _behind(at, batch, reader, table.mark, row.table_bytes)


def _behind(at: Checkpoint, batch: Batch, reader: RowReader, mark: Mark, bytes_read: int) -> Checkpoint:
    return Checkpoint(
        mark,
        at.rows_read + len(batch),
        at.rows_rejected + len(batch.rejected),
        at.rows_taken + len(batch.taken),
        bytes_read,
        tuple(reader.notes),
    )


def _refuse_hopeless(at: Checkpoint, batch: Batch) -> None:
    """Stop at a file that is no table of contacts, before millions of rows are kept as rejected. Raises BadFile."""
    if at.rows_rejected >= _HOPELESS_ROWS and at.rows_rejected > _HOPELESS_SHARE * at.rows_read:
        cause = Counter(cause for _, cause, _ in batch.rejected).most_common(1)[0][0]
        raise BadFile(
            f"Only {at.rows_taken:,} of the first {at.rows_read:,} rows can become contacts, "
            f"mostly for this: {cause} Nothing was imported. Look at how the file is read, or export it again."
        )


def _chunks(row: ContactImport) -> Iterator[bytes]:
    """Yield the stored text, or the chosen sheet, chunk by chunk, one in memory at a time."""
    sheet = row.chosen_sheet
    for number in range(sheet.first_chunk, sheet.first_chunk + sheet.chunks) if sheet else count():
        connection.ensure_connection()
        # Binary: as text the bytes would travel as hexadecimal digits.
        with Cursor(connection.connection) as cursor:
            found = cursor.execute(_CHUNK, [row.pk, number], binary=True).fetchone()
        if found is None:
            return
        yield found[0]


_CHUNK = "SELECT content FROM contacts_import_chunk WHERE contact_import_id = %s AND number = %s"
