"""The windows to come in one zone, day by day, and what the next change of its clock does to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from campaigns.calendar.hours import span_text
from campaigns.calendar.instants import first_change, wall_at
from campaigns.calendar.windows import HORIZON_DAYS, LAST_DAY, Interval, Never, Schedule, next_window, open_on, spans_on

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ComingDay:
    """A local day on which windows open: what is left of them, as instants (UTC), from the instant that was asked."""

    day: date
    spans: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A zone's clock is set forward or back: its wall time before and after, and what that does to that day's windows.

    effects: sentences; none where no window of the day is touched.
    """

    at: datetime
    before: datetime
    after: datetime
    effects: tuple[str, ...] = ()

    @property
    def is_forward(self) -> bool:
        return self.after > self.before

    @property
    def by(self) -> timedelta:
        return abs(self.after - self.before)


def coming_days(schedule: Schedule, zone: tzinfo, now: datetime, *, most: int = 7) -> tuple[ComingDay, ...] | Never:
    """Return the next local days on which a window opens, at most so many, or why there is none."""
    first = next_window(schedule, zone, now)
    if isinstance(first, Never):
        return first
    found: list[ComingDay] = []
    day = wall_at(first[0], zone).date()
    last = day + min(HORIZON_DAYS, (LAST_DAY - day).days) * _DAY
    while len(found) < most and day <= last:
        spans = tuple((max(opens, now), closes) for opens, closes in open_on(schedule, zone, day) if closes > now)
        if spans:
            found.append(ComingDay(day, spans))
        day += _DAY
    return tuple(found)


def next_clock_change(schedule: Schedule, zone: tzinfo, now: datetime) -> ClockChange | None:
    """Return the next change of the zone's clock within 400 days, if there is one."""
    at = first_change(zone, now, now + HORIZON_DAYS * _DAY)
    if at is None:
        return None
    after = wall_at(at, zone)
    before = wall_at(at - _MINUTE, zone) + _MINUTE
    days = sorted({before.date(), after.date(), (before - _MINUTE).date()})
    return ClockChange(at, before, after, tuple(effect for day in days for effect in _effects(schedule, zone, day)))


def _effects(schedule: Schedule, zone: tzinfo, day: date) -> Iterator[str]:
    for start, end in spans_on(schedule, day):
        only = Schedule(tuple(one for one in schedule.windows if one.weekday == day.isoweekday()
                              and start <= one.start and one.end <= end))  # fmt: skip
        opened = open_on(only, zone, day)
        lasts = sum(((closes - opens) for opens, closes in opened), timedelta())
        missing = (end - start) * _MINUTE - lasts
        name = span_text((start, end))
        if not opened:
            yield f"The window {name} does not open on that day."
        elif missing:
            how = "shorter" if missing > timedelta() else "longer"
            yield f"The window {name} is {_length(abs(missing))} {how} on that day."


def _length(span: timedelta) -> str:
    minutes = round(span / _MINUTE)
    if minutes % 60:
        return f"{minutes} minutes"
    return "an hour" if minutes == 60 else f"{minutes // 60} hours"
