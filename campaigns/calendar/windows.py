"""Sending windows: half-open local intervals [start, end) on weekdays, and the next instant inside one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from campaigns.calendar.instants import MINUTES_A_DAY, first_instant, set_backs, wall_at

# Far enough to pass any row of holidays; behind it the answer is "never", with a reason, and not an endless search.
HORIZON_DAYS = 400
LONGEST_AHEAD_DAYS = 3_660  # of a first day: what begins later never does
LAST_DAY = date.max - timedelta(days=7)  # behind it zones and windows would leave the dates there are
_DAY = timedelta(days=1)
_NAIVE = "an instant needs a zone; a naive one would be read in the server's"
_EVER = datetime.max.replace(tzinfo=UTC)
_KEPT_DAYS = 1_000  # of one schedule in one zone

Interval = tuple[datetime, datetime]
_Answered = tuple[datetime, Interval]


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
    """The windows of a week, and local dates on which none of them opens; names say what closes those that have one.

    starts_on: the first local date on which one opens. A name changes no answer, so it makes no other schedule.
    """

    windows: tuple[Window, ...]
    holidays: frozenset[date] = frozenset()
    names: Mapping[date, str] = field(default_factory=dict, repr=False, compare=False)
    starts_on: date | None = None
    _hash: int = field(init=False, repr=False, compare=False)  # asked at every question, so reckoned once

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.windows, self.holidays, self.starts_on)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Never:
    """No window opens; reason says why, for a person."""

    reason: str


def next_open(schedule: Schedule, zone: tzinfo, now: datetime) -> datetime | Never:
    """Return `now` if it is inside a window, else the next instant (UTC) that is. Never earlier than now.

    Raises ValueError for a naive `now`: it would be read in the server's zone.
    """
    found = _next(schedule, zone, now)
    if found is not None:
        return max(found[0], now.astimezone(UTC))
    return _never(schedule, now)


def next_window(schedule: Schedule, zone: tzinfo, now: datetime) -> Interval | Never:
    """Return what next_open and window_end would: the first instant from `now` on in a window, and that one's end."""
    found = _next(schedule, zone, now)
    if found is None:
        return _never(schedule, now)
    return max(found[0], now.astimezone(UTC)), found[1]


def is_open(schedule: Schedule, zone: tzinfo, now: datetime) -> bool:
    """Say whether `now` is inside a window."""
    found = _next(schedule, zone, now)
    return found is not None and found[0] <= now


def window_end(schedule: Schedule, zone: tzinfo, now: datetime) -> datetime:
    """Return the end (UTC, exclusive) of the window that `now` is in. Raises ValueError outside of every window.

    Windows of a day that touch or overlap are one; midnight always ends one. When the clock is set back behind the
    start of the window, the window ends there for the time being.
    """
    found = _next(schedule, zone, now)
    if found is None or found[0] > now:
        raise ValueError("outside of every window")
    return found[1]


def open_seconds_between(schedule: Schedule, zone: tzinfo, begin: datetime, end: datetime) -> float:
    """Return how many seconds of [begin, end) lie inside windows. Raises ValueError when it spans over 400 days."""
    if end - begin > timedelta(days=HORIZON_DAYS):
        raise ValueError(f"more than {HORIZON_DAYS} days")
    total = timedelta()
    day, last = _local_day(zone, begin) - _DAY, _local_day(zone, end) + _DAY
    while day <= last:
        for opens, closes in _timeline(schedule, zone).on(day):
            total += max(timedelta(), min(closes, end) - max(opens, begin))
        day += _DAY
    return total.total_seconds()


def open_minutes_left(schedule: Schedule, zone: tzinfo, now: datetime) -> float:
    """Return how many minutes of this local day, from `now` on, lie inside windows."""
    midnight = first_instant(zone, _local_day(zone, now), MINUTES_A_DAY)
    return open_seconds_between(schedule, zone, now, max(now, midnight)) / 60


def spans_on(schedule: Schedule, day: date) -> list[tuple[int, int]]:
    """Return the windows of a local day as [start, end) in minutes, in order; those that touch are one."""
    if day in schedule.holidays or (schedule.starts_on is not None and day < schedule.starts_on):
        return []
    return _merged(schedule.windows, day.isoweekday())


def open_on(schedule: Schedule, zone: tzinfo, day: date) -> tuple[Interval, ...]:
    """Return the windows of a local day as instants (UTC) in order, as the clocks of that day leave them."""
    return _timeline(schedule, zone).on(day)


def _never(schedule: Schedule, now: datetime) -> Never:
    if not schedule.windows:
        return Never("No sending window is set.")
    if schedule.starts_on is not None and (schedule.starts_on - now.date()).days > LONGEST_AHEAD_DAYS:
        return Never(f"Its first day, {schedule.starts_on}, is more than ten years ahead.")
    return Never(f"No window opens within {HORIZON_DAYS} days: every allowed day is a holiday.")


def _next(schedule: Schedule, zone: tzinfo, now: datetime) -> Interval | None:
    """Return the interval that `now` is in, or the next one."""
    if now.tzinfo is None:
        raise ValueError(_NAIVE)
    if not schedule.windows:
        return None
    timeline = _timeline(schedule, zone)
    for asked, answer in timeline.last:  # most questions have the answer of one before, about now or about a due step
        if asked <= now < answer[1]:
            return answer
    day = _local_day(zone, now)
    if schedule.starts_on is not None:
        if (schedule.starts_on - day).days > LONGEST_AHEAD_DAYS:
            return None
        day = max(day, schedule.starts_on)
    for offset in range(min(HORIZON_DAYS, (LAST_DAY - day).days + 1)):
        for interval in timeline.on(day + timedelta(days=offset)):
            if now < interval[1]:
                timeline.last = (now, interval), timeline.last[0]
                return interval
    return None


def _local_day(zone: tzinfo, instant: datetime) -> date:
    if instant.tzinfo is None:
        raise ValueError(_NAIVE)
    return instant.astimezone(zone).date()


@lru_cache(maxsize=1_024)
def _timeline(schedule: Schedule, zone: tzinfo) -> _Timeline:
    return _Timeline(schedule, zone)


class _Timeline:
    """The open intervals of a schedule in a zone, day by day, reckoned when first asked for."""

    __slots__ = ("_days", "_schedule", "_zone", "last")

    def __init__(self, schedule: Schedule, zone: tzinfo) -> None:
        self._schedule = schedule
        self._zone = zone
        self._days: dict[date, tuple[Interval, ...]] = {}
        never = _EVER, (_EVER, _EVER)
        self.last: tuple[_Answered, _Answered] = (never, never)  # the last questions and their answers

    def on(self, day: date) -> tuple[Interval, ...]:
        """Return the intervals of a local day in order; a window that lies wholly in a gap does not exist."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= _KEPT_DAYS:
                self._days.clear()
            found = self._days[day] = tuple(self._reckoned(day))
        return found

    def _reckoned(self, day: date) -> Iterator[Interval]:
        for start, end in spans_on(self._schedule, day):
            opens, closes = first_instant(self._zone, day, start), first_instant(self._zone, day, end)
            yield from _shown(self._zone, day, start, opens, closes)


def _merged(windows: tuple[Window, ...], weekday: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted((one.start, one.end) for one in windows if one.weekday == weekday):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _shown(zone: tzinfo, day: date, start: int, opens: datetime, closes: datetime) -> Iterator[Interval]:
    """Yield the parts of [opens, closes) in which the clock shows `start` or later.

    A clock that is set back behind the start shows a time before the window once more, and sometimes the day before.
    """
    begins = datetime.combine(day, time()) + timedelta(minutes=start)
    for back in set_backs(zone, opens, closes):
        shown = wall_at(back, zone)
        if shown < begins:
            yield opens, back
            opens = back + (begins - shown)
    if opens < closes:
        yield opens, closes
