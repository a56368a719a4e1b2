"""A second, slow and plain reckoning of windows, minute by minute, to hold the quick one against."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from campaigns.calendar import Schedule

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@cache
def all_zones() -> tuple[str, ...]:
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return tuple(name for name in names if name != "Factory")


@cache
def clock_changes() -> tuple[tuple[str, date], ...]:
    """Return (zone, UTC date) of every change of a clock from 2024 to 2030, and Apia's lost day."""
    found = [("Pacific/Apia", date(2011, 12, 30))]
    days = [datetime(2024, 1, 1, tzinfo=UTC) + DAY * number for number in range(7 * 365)]
    for name in all_zones():
        zone = ZoneInfo(name)
        offsets = [day.astimezone(zone).utcoffset() for day in days]
        found += [(name, days[at].date()) for at in range(len(days) - 1) if offsets[at] != offsets[at + 1]]
    return tuple(found)


class Minutes:
    """Four days around a UTC date, one minute after the other, with what the clock of a zone shows."""

    def __init__(self, zone: ZoneInfo, around: date) -> None:
        start = datetime.combine(around, time(), UTC) - 2 * DAY
        self.instants = [start + MINUTE * number for number in range(5 * 1440)]
        self.walls = [instant.astimezone(zone).replace(tzinfo=None, fold=0) for instant in self.instants]

    def first(self, wall: datetime) -> datetime:
        """Return the first instant at which the clock shows `wall` or later."""
        return next(
            (at for at, shown in zip(self.instants, self.walls, strict=True) if shown >= wall),
            self.instants[-1] + DAY,
        )

    def open_ones(self, schedule: Schedule) -> list[bool]:
        """Say for each minute whether it lies in a window: at or after the first showing of its start on that date,
        before the first showing of its end, and with a clock that shows a time inside it.
        """
        first = schedule.starts_on or date.min
        days = {day for wall in self.walls if (day := wall.date()) >= first} - schedule.holidays
        spans = [
            (begins, self.first(begins), ends, self.first(ends))
            for day in days
            for window in schedule.windows
            if window.weekday == day.isoweekday()
            for begins in [datetime.combine(day, time()) + MINUTE * window.start]
            for ends in [datetime.combine(day, time()) + MINUTE * window.end]
        ]
        return [
            any(begins <= wall < ends and opens <= at < closes for begins, opens, ends, closes in spans)
            for at, wall in zip(self.instants, self.walls, strict=True)
        ]
