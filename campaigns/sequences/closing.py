"""What the pages tell of closed days: which come next, whose they are, and what is chosen but not known any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from itertools import chain

from campaigns.calendar import (
    ClosedSpan,
    Region,
    ZoneProblem,
    closed_names,
    ending_before_plans,
    is_known,
    next_closed,
    parse_zone,
)
from campaigns.sequences import queries
from campaigns.sequences.models import Campaign
from outreach.kit import clock

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Closing:
    """What closes a campaign of its own, or the whole workspace."""

    spans: Sequence[ClosedSpan] = ()
    regions: Sequence[Region] = ()

    @property
    def unknown(self) -> list[str]:
        """Return the regions that the holidays at hand do not know: another version of them did."""
        return [str(one) for one in self.regions if not is_known(one)]

    @property
    def ending(self) -> list[tuple[str, int]]:
        """Return the regions whose holidays end within the years that a plan asks for, and the last year of each."""
        return ending_before_plans(self.regions, year=clock.now().year)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A closed day to come; name is "" where none was given. is_own: it is (also) of the campaign alone."""

    day: date
    name: str
    is_own: bool


def closing_of(workspace_id: int, campaign: Campaign | None) -> Closing:
    """Return what closes a campaign of its own, or (None) the whole workspace."""
    return Closing(queries.closed_days_of(workspace_id, campaign), queries.holiday_regions_of(workspace_id, campaign))


def days_to_come(zone_name: str, of_workspace: Closing, own: Closing | None = None) -> list[ClosedDay]:
    """Return the next ten closed days from today on, by the date of a zone (of UTC where the name is none any more)."""
    today = clock.now().astimezone(_zone(zone_name)).date()
    all_of_them = [of_workspace, own] if own else [of_workspace]
    names = _names(all_of_them, today.year)
    its_own = _names([own], today.year) if own else {}
    return [ClosedDay(day, name, day in its_own) for day, name in next_closed(names, today, most=_SHOWN)]


def _zone(name: str) -> tzinfo:
    try:
        return parse_zone(name)
    except ZoneProblem:
        return UTC


def _names(closings: Sequence[Closing], year: int) -> dict[date, str]:
    spans = chain.from_iterable(one.spans for one in closings)
    regions = chain.from_iterable(one.regions for one in closings)
    return closed_names(spans, regions, year=year)
