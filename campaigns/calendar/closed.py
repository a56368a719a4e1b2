"""Closed days as a person writes them: one span of local dates a line, with a name if they like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

LONGEST_SPAN_DAYS = 366
MOST_SPANS = 200
FARTHEST = timedelta(days=5 * 366)  # from now to the last closed day that is taken
NAME_LIMIT = 80
_LINE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:\s*(?:\.\.|-|to|until)\s*(\d{4}-\d{1,2}-\d{1,2}))?(?:\s+(.*))?")


class ClosedProblem(ValueError):
    """A line that is no span of days; the words name it."""


@dataclass(frozen=True, slots=True, order=True)
class ClosedSpan:
    """Local dates from first to last, both included, on which nothing goes out."""

    first: date
    last: date
    name: str = ""

    def __str__(self) -> str:
        days = f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"
        return f"{days} {self.name}".strip()

    def days(self) -> Iterable[date]:
        """Yield each day of the span."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


def parse_closed(text: str) -> tuple[ClosedSpan, ...]:
    """Return the spans in order, each once. Raises ClosedProblem for the first line that is none."""
    spans = {_span(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()}
    if len(spans) > MOST_SPANS:
        raise ClosedProblem(f"{len(spans)} lines are too many: {MOST_SPANS} at most.")
    return tuple(sorted(spans))


def closed_text(spans: Iterable[ClosedSpan]) -> str:
    """Return spans as a person writes them."""
    return "\n".join(str(one) for one in sorted(spans))


def _span(number: int, line: str) -> ClosedSpan:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ClosedProblem(f"Line {number}: write a day as 2026-12-25, or days as 2026-12-24..2027-01-01.")
    first = _day(number, found[1])
    last = _day(number, found[2]) if found[2] else first
    if last < first:
        raise ClosedProblem(f"Line {number}: {last} comes before {first}.")
    if (last - first).days >= LONGEST_SPAN_DAYS:
        raise ClosedProblem(f"Line {number}: more than a year at once; pause the campaign instead.")
    return ClosedSpan(first, last, (found[3] or "").strip()[:NAME_LIMIT])


def _day(number: int, text: str) -> date:
    try:
        return date(*map(int, text.split("-")))
    except ValueError as error:
        raise ClosedProblem(f"Line {number}: there is no day {text}.") from error
