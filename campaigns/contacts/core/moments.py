"""The timeline of a person: moments of many sources in one order, and the place in it where a page begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from outreach.kit import cursors


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a timeline. Of one instant the source decides, then the number within it: no two are alike."""

    at: datetime
    source: str
    number: int

    def written(self) -> str:
        """Return it as it stands in a URL."""
        return cursors.written(self.at.isoformat(), self.source, self.number)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a person."""

    place: Place
    state: str  # whose tone and word it is shown in, see outreach.kit.looks
    title: str
    words: str = ""  # what was said, or why
    url: str = ""  # of what it is about
    by: str = ""  # whose doing; "" for the program's


def read_place(text: str) -> Place | None:
    """Return the place that stands in a URL; None for what is none."""
    found = cursors.read(text, count=3)
    if found is None:
        return None
    at, source, number = found
    try:
        instant = datetime.fromisoformat(at)
    except (ValueError, TypeError):
        return None
    is_source = isinstance(source, str) and "\0" not in source
    return Place(instant, source, number) if instant.tzinfo and cursors.is_id(number) and is_source else None


def page_of(sources: Iterable[Sequence[Moment]], size: int) -> tuple[Sequence[Moment], Place | None]:
    """Return the newest moments of all sources, newest first, and the place behind which the older ones begin.

    Each source gives its newest `size + 1`, or all that it has. The place is None where nothing is older.
    """
    merged = sorted((moment for source in sources for moment in source), key=lambda one: one.place, reverse=True)
    page = merged[:size]
    return page, page[-1].place if len(merged) > size else None
