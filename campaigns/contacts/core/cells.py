"""Say the values of a workbook's cells as the text that a person expects to have imported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

Cell = float | int | str | bool | date | datetime | time | timedelta
_ONE_LINE = str.maketrans("\r\n", "  ")


def text_of(value: Cell) -> str:
    """Return a cell as text on one line: 1.0 -> "1", a long number without exponent, a date as ISO 8601."""
    if isinstance(value, str):
        return value.translate(_ONE_LINE)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _number(value)
    return _duration(value) if isinstance(value, timedelta) else _instant(value)


class Merges:
    """Gives the cells below the first of a merged range its value, as the sheet shows it.

    Only downwards, in the first column: a company written once beside its five people is meant for all five.
    """

    def __init__(self, ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], first_column: int) -> None:
        self._begins: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in ranges:
            if bottom > top and left >= first_column:
                self._begins.setdefault(top, []).append((left - first_column, bottom))
        self._open: dict[int, tuple[int, str]] = {}  # column -> last row, value

    def fill(self, row: int, cells: list[str]) -> None:
        """Fill the empty cells of this row; rows come in order, counted from 0. A blank row stays blank."""
        if not self._begins and not self._open:
            return
        self._open = {column: (last, value) for column, (last, value) in self._open.items() if last >= row}
        if any(cells):
            for column, (_, value) in self._open.items():
                cells[column] = cells[column] or value
        for column, last in self._begins.pop(row, ()):
            if column < len(cells) and cells[column]:
                self._open[column] = (last, cells[column])


def _number(value: float) -> str:
    """Return the 15 digits that a spreadsheet keeps, without exponent and without a trailing ".0"."""
    if not math.isfinite(value):
        return ""
    if value == int(value):
        return str(int(value))
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text else text


def _instant(value: date | datetime | time) -> str:
    if isinstance(value, datetime):
        return f"{value.date().isoformat()} {_clock(value.time())}"
    return _clock(value) if isinstance(value, time) else value.isoformat()


def _clock(value: time) -> str:
    return value.isoformat(timespec="seconds" if value.second else "minutes")


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(abs(value.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if value < timedelta(0) else ''}{hours}:{minutes:02}:{seconds:02}"
