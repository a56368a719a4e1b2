"""What the page of the schedule tells of the windows to come: the next days, and the next change of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from campaigns.calendar import (
    ClockChange,
    ComingDay,
    Never,
    Schedule,
    Window,
    ZoneProblem,
    closed_names,
    coming_days,
    next_clock_change,
    parse_zone,
)
from campaigns.sequences.closing import Closing
from outreach.kit import clock


@dataclass(frozen=True, slots=True)
class Opening:
    """The windows to come in one zone; never says why none opens."""

    zone: tzinfo
    zone_name: str
    days: Sequence[ComingDay] = ()
    never: str = ""
    change: ClockChange | None = None


def opening_of(
    zone_name: str, windows: Sequence[Window], closings: Sequence[Closing], *, starts_on: date | None = None
) -> Opening | None:
    """Return what opens next in a zone, reckoned as the claim does; None where the zone is none any more."""
    try:
        zone = parse_zone(zone_name)
    except ZoneProblem:
        return None
    now = clock.now()
    spans = [span for one in closings for span in one.spans]
    regions = [region for one in closings for region in one.regions]
    names = closed_names(spans, regions, year=now.year)
    schedule = Schedule(tuple(windows), frozenset(names), names=names, starts_on=starts_on)
    days = coming_days(schedule, zone, now)
    if isinstance(days, Never):
        return Opening(zone, zone_name, never=days.reason)
    return Opening(zone, zone_name, days, change=next_clock_change(schedule, zone, now))
