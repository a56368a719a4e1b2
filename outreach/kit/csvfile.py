"""Write rows as CSV that no spreadsheet program takes for formulas (ASVS 1.2.10, RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# Also the wide forms, which some programs fold into the ASCII ones.
_RISKY = tuple("=+-@\t\r\0;\uff1d\uff0b\uff0d\uff20")
_LINES = 500  # rows written at once


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a CSV file in pieces: UTF-8 BOM for Excel, every cell quoted, formulas guarded by an apostrophe.

    Our import takes the apostrophe off again.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    buffer.write("\ufeff")
    writer.writerow([guarded(name) for name in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([guarded(value) for value in row])
        if number % _LINES == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def guarded(value: object) -> str:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would calculate."""
    text = "" if value is None else str(value)
    return f"'{text}" if _is_risky(text) else text


def unguarded(text: str) -> str:
    """Return what stood in a cell before `guarded` put its apostrophe there."""
    return text[1:] if text.startswith("'") and _is_risky(text) else text


def _is_risky(text: str) -> bool:
    """Say whether it is a formula, whatever apostrophes stand before: an export adds one, an import takes one."""
    return text.lstrip("'").startswith(_RISKY)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
