"""Sending windows: half-open local intervals [start, end) on weekdays, and the next instant inside one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from campaigns.calendar.instants import MINUTES_A_DAY, first_instant, second_instant_of, wall_at

# Far enough to pass any row of holidays; behind it the answer is "never", with a reason, and not an endless search.
HORIZON_DAYS = 400


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in local minutes of the day on an ISO weekday (Monday = 1); end 1440 is the next midnight."""

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not (1 <= self.weekday <= 7 and 0 <= self.start < self.end <= MINUTES_A_DAY):
            raise ValueError(f"no such window: {self.weekday} {self.start}-{self.end}")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The windows of a week, and local dates on which none of them opens."""

    windows: tuple[Window, ...]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Never:
    """No window opens; reason says why, for a person."""

    reason: str


def next_open(schedule: Schedule, zone: tzinfo, now: datetime) -> datetime | Never:
    """Return `now` if it is inside a window, else the next instant that is. Never earlier than now."""
    found = _next(schedule, zone, now)
    if found is None:
        if not schedule.windows:
            return Never("No sending window is set.")
        return Never(f"No window opens within {HORIZON_DAYS} days: every allowed day is a holiday.")
    return found[0]


def is_open(schedule: Schedule, zone: tzinfo, now: datetime) -> bool:
    """Say whether `now` is inside a window."""
    return next_open(schedule, zone, now) == now


def window_end(schedule: Schedule, zone: tzinfo, now: datetime) -> datetime:
    """Return the end of the window that `now` is in (exclusive). Raises ValueError outside of every window."""
    found = _next(schedule, zone, now)
    if found is None or found[0] != now:
        raise ValueError("outside of every window")
    return found[1]


def _next(schedule: Schedule, zone: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
    if not schedule.windows:
        return None
    today = now.astimezone(zone).date()
    for day in _days(today):
        found = [
            (at, end)
            for start, end, window in _intervals(schedule, zone, day)
            if (at := _inside(start, end, window, day, zone, now)) is not None
        ]
        if found:
            return min(found)
    return None


def _days(first: date) -> Iterator[date]:
    for offset in range(HORIZON_DAYS):
        yield first + timedelta(days=offset)


@lru_cache(maxsize=65_536)
def _intervals(schedule: Schedule, zone: tzinfo, day: date) -> tuple[tuple[datetime, datetime, Window], ...]:
    """Return the instants of the day's windows; one that lies wholly in a gap does not exist that day."""
    if day in schedule.holidays:
        return ()
    found = []
    for window in schedule.windows:
        if window.weekday == day.isoweekday():
            start, end = first_instant(zone, day, window.start), first_instant(zone, day, window.end)
            if start < end:
                found.append((start, end, window))
    return tuple(found)


def _inside(  # noqa: PLR0913  # one window on one day
    start: datetime, end: datetime, window: Window, day: date, zone: tzinfo, now: datetime
) -> datetime | None:
    at = max(start, now)
    if at >= end:
        return None
    wall = wall_at(at, zone)
    opens = datetime(day.year, day.month, day.day) + timedelta(minutes=window.start)  # noqa: DTZ001  # a wall time
    if wall < opens:
        # The clock was set back behind the opening: what it shows now lies before the window once more.
        at = second_instant_of(zone, opens)
    return at if at < end else None
