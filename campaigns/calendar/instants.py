"""From local wall time to instants, across gaps and overlaps.

`datetime.combine(...).astimezone()` is wrong in a gap: with fold=0 it lands behind the gap, at a wall time that was
never asked for. What counts here is the first instant at which the local clock shows a time or a later one, and the
instants at which it is set back and shows times once more.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

MINUTES_A_DAY = 1440


@lru_cache(maxsize=65_536)
def first_instant(zone: tzinfo, day: date, minute: int) -> datetime:
    """Return the first instant (UTC) whose wall time is at or after `minute` of `day`; 1440 is the next midnight."""
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


def set_backs(zone: tzinfo, begin: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return the instants within (begin, end) at which the clock is set back. The zone is asked for every hour."""
    found = []
    early = begin
    while early < end:
        late = min(early + timedelta(hours=1), end)
        if _offset(late, zone) < _offset(early, zone):
            back = _change(zone, early, late)
            if begin < back < end:
                found.append(back)
        early = late
    return tuple(found)


def first_change(zone: tzinfo, begin: datetime, end: datetime) -> datetime | None:
    """Return the first instant in (begin, end] at which the clock is set forward or back. Asked for every day."""
    early = begin
    while early < end:
        late = min(early + timedelta(days=1), end)
        if _offset(late, zone) != _offset(early, zone):
            return _change(zone, early, late)
        early = late
    return None


def _change(zone: tzinfo, early: datetime, late: datetime) -> datetime:
    """Return the first instant, to the second, at which the offset is that of `late`."""
    new = _offset(late, zone)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if _offset(middle, zone) == new:
            late = middle
        else:
            early = middle
    return late


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def wall_at(instant: datetime, zone: tzinfo) -> datetime:
    """Return the naive local wall time of an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
