"""Read a CSV file of a stranger: its delimiter, its rows with their lines, within bounds. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from outreach.kit.csvfile import unguarded
from sending.postmaster.errors import BadReport

MOST_ROWS = 50_000
_MOST_CELLS = 100
_LONGEST_CELL = 2_000


def rows_of(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row that holds something with its line, from 1. Raises BadReport."""
    head = text.lstrip("\r\n ").partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    count = 0
    try:
        for row in reader:
            cells = [unguarded(cell[:_LONGEST_CELL].strip()) for cell in row[:_MOST_CELLS]]
            if not any(cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise BadReport(f"The file has more than {MOST_ROWS:,} rows: split it.")
            yield reader.line_num, cells
    except csv.Error as error:
        raise BadReport(f"Line {reader.line_num} is no line of a table: {error}.") from error
