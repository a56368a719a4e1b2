"""Find out how a table is written: what stands between cells, what quotes them, whether Excel left a note."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

DELIMITERS = ",;\t|"  # in order of preference
LABELS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_QUOTES = (('"', ""), ('"', "\\"), ("", ""), ("'", ""))  # quote mark and escape, in order of preference
QUOTE_LABELS = {'"': "double quotation marks", "'": "single quotation marks", "": "no quotation marks"}
_SAMPLE_ROWS = 200
_EXCEL_NOTE = re.compile(r"\ufeff?\"?sep=(?P<delimiter>[,;\t|])\"?\r?\n?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows and cells are told apart. An empty quote means that marks are ordinary characters."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip_lines: int = 0  # before the first row: Excel's "sep=;", titles

    def reader(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """Return csv's reader for these lines; each line keeps its end. strict refuses unclean quoting."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.delimiter != "\t",
            strict=strict,
        )


def detect_dialect(
    lines: list[str], *, is_whole: bool, delimiters: Sequence[str] = "", quote: str | None = None
) -> Dialect:
    """Return the dialect in which most rows have as many cells as the first one."""
    return dialect_and_share(lines, is_whole=is_whole, delimiters=delimiters, quote=quote)[0]


def dialect_and_share(
    lines: list[str], *, is_whole: bool, delimiters: Sequence[str] = "", quote: str | None = None
) -> tuple[Dialect, float]:
    """Return that dialect, and the share of rows as wide as the first one.

    lines: the beginning of the file with line ends; is_whole says that nothing follows them; delimiters:
    those that come into question; quote: the mark, where it is known. Ties go to the wider table, then to the
    more usual marks. A table of one column comes out as comma and double quote.
    """
    skip, wanted = 0, delimiters or DELIMITERS
    if lines and (note := _EXCEL_NOTE.fullmatch(lines[0])):
        skip, wanted = 1, delimiters or note["delimiter"]
    best, best_score = Dialect(wanted[0], '"' if quote is None else quote, skip_lines=skip), (0.0, 0)
    for mark, escape in _QUOTES:
        if quote is not None and mark != quote:
            continue
        for delimiter in wanted:
            candidate = Dialect(delimiter, mark, escape, skip)
            score = _score(candidate, lines[skip:], is_whole=is_whole)
            if score > best_score:
                best, best_score = candidate, score
    return best, best_score[0]


def _score(dialect: Dialect, lines: list[str], *, is_whole: bool) -> tuple[float, int]:
    """Return (share of rows as wide as the first, in steps of 5 %; width), or zeros for a single column."""
    rows: list[list[str]] = []
    try:
        rows.extend(islice(filter(None, dialect.reader(lines)), _SAMPLE_ROWS + 1))
    except csv.Error:
        is_whole = True  # a monstrous cell: what stands before it still tells, and none of it is cut off
    if len(rows) > _SAMPLE_ROWS or (not is_whole and len(rows) > 1):
        rows.pop()  # one too many, or cut off in the middle
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    width = len(rows[0])
    share = sum(len(row) == width for row in rows) / len(rows)
    doubtful = _has_loose_quotes(rows, dialect)
    return round(share * 20) / 20 - 0.1 * doubtful, width


def _has_loose_quotes(rows: list[list[str]], dialect: Dialect) -> bool:
    """Say whether whole cells still stand in quotes that this dialect leaves, or swallowed ends of lines."""
    loose = swallowed = cells = 0
    for row in rows:
        for cell in row:
            if not cell:
                continue
            cells += 1
            if len(cell) > 2 and cell[0] == cell[-1] and cell[0] in "\"'" and cell[0] != dialect.quote:
                loose += 1
            elif cell.count("\n") > 50:
                swallowed += 1
    return loose * 4 > cells or swallowed > 0
