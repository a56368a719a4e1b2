"""Find what stands above a table: "Report of ..." and other lines that programs put before the header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from campaigns.contacts.core.dialect import Dialect
from campaigns.contacts.core.headings import field_for
from campaigns.contacts.core.table import Broken, Table

TITLE_LINES = 20  # searched for the beginning of the table
_ROWS = 100
_IS_TABLE = 0.5  # of the rows are as wide as the first: then it begins the table
_IS_SURELY_TABLE = 0.8

Detect = Callable[[list[str]], tuple[Dialect, float]]


def below_titles(lines: list[str], detect: Detect) -> Dialect:
    """Return the dialect of the table, with `skip_lines` up to its first row.

    lines: the beginning of the text, with line ends. detect says how lines that begin with a table's first row are
    written, and which share of their rows is as wide as that one.
    """
    found, share = detect(lines)
    if share < _IS_TABLE:
        for skipped in range(found.skip_lines + 1, min(TITLE_LINES, len(lines) - 1) + 1):
            below, share_below = detect(lines[skipped:])
            candidate = replace(below, skip_lines=skipped)
            if share_below >= _IS_SURELY_TABLE and _are_titles(lines, candidate):
                return _without_padded(lines, candidate)
    return _without_padded(lines, found)


def _without_padded(lines: list[str], dialect: Dialect) -> Dialect:
    """Return the dialect with `skip_lines` raised over titles that are filled up with empty cells."""
    rows = [(line, cells) for line, cells in islice(Table(lines, dialect), _ROWS) if not isinstance(cells, Broken)]
    usual = _usual_filled([cells for _, cells in rows])
    for line, cells in rows[:TITLE_LINES]:
        if not _is_title(cells, usual):
            return replace(dialect, skip_lines=line - 1) if line > rows[0][0] else dialect
    return dialect


def _are_titles(lines: list[str], candidate: Dialect) -> bool:
    """Say whether what the candidate leaves out is nothing but titles, of which there is at least one."""
    above = lines[: candidate.skip_lines]
    rows = [cells for _, cells in Table(above, replace(candidate, skip_lines=0))]
    below = [cells for _, cells in islice(Table(lines, candidate), _ROWS) if not isinstance(cells, Broken)]
    usual = _usual_filled(below)
    return bool(rows) and all(not isinstance(cells, Broken) and _is_title(cells, usual) for cells in rows)


def _usual_filled(rows: Sequence[list[str]]) -> int:
    """Return how many cells of a row are filled in most of these rows, the first few left aside."""
    counted = Counter(sum(bool(cell.strip()) for cell in cells) for cells in rows[min(3, len(rows) // 2) :])
    return counted.most_common(1)[0][0] if counted else 0


def _is_title(cells: list[str], usual: int) -> bool:
    """Say whether a row is no row of the table: much emptier than the others, without a usual heading or an address.

    A row that is not filled up to the table's width need only be shorter.
    """
    filled = [cell for cell in cells if cell.strip()]
    most = usual - 1 if len(cells) < usual else max(1, usual // 3)
    return len(filled) <= min(most, usual - 1) and not any("@" in cell or field_for(cell) for cell in filled)
