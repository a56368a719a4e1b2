"""From local wall time to instants, across gaps and overlaps.

`datetime.combine(...).astimezone()` is wrong in a gap: with fold=0 it lands behind the gap, at a wall time that was never
asked for. Everything here answers one question: the first instant at which the local clock shows a time or a later one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

MINUTES_A_DAY = 1440


@lru_cache(maxsize=65_536)
def first_instant(zone: tzinfo, day: date, minute: int) -> datetime:
    """Return the first instant (UTC) whose local wall time is at or after `minute` of `day`; 1440 = the next midnight."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return first_instant_of(zone, wall)


def first_instant_of(zone: tzinfo, wall: datetime) -> datetime:
    """Return the first instant (UTC) whose local wall time is at or after the naive `wall`."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_at(late, zone) == wall:
        return late
    # In a gap: the two readings enclose the jump, and the first instant behind it is the answer.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    step = timedelta(seconds=1)
    while late - early > step:
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle <= early:
            break
        if wall_at(middle, zone) >= wall:
            late = middle
        else:
            early = middle
    return late


def second_instant_of(zone: tzinfo, wall: datetime) -> datetime:
    """Return the second instant that shows `wall` in an overlap; the only one outside of it."""
    return wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def wall_at(instant: datetime, zone: tzinfo) -> datetime:
    """Return the naive local wall time of an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
