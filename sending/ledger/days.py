"""Days as a workspace counts them: in its own zone, from one midnight to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class AskedDay:
    """The day that a page shows, at most today, with the days around it; after: None, where it is today."""

    day: date
    today: date

    @property
    def before(self) -> date:
        return self.day - timedelta(days=1)

    @property
    def after(self) -> date | None:
        return self.day + timedelta(days=1) if self.day < self.today else None


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the day that an instant belongs to."""
    return at.astimezone(zone).date()


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a day and of the next one, in UTC: 23 to 25 hours apart, or 0 if it was skipped."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def last_days(count: int, *, now: datetime, zone: ZoneInfo) -> list[date]:
    """Return the last `count` days including today, oldest first."""
    today = local_day(now, zone)
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Where clocks jump over midnight, the first reading (fold=0) is the instant of the jump: the day's first.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_in(text: str) -> date | None:
    """Return the day that stands in a URL as 2027-03-23; None for what is none, or lies beyond what clocks show."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def asked_day(text: str, *, now: datetime, zone: ZoneInfo) -> AskedDay:
    """Return the day that a URL asks for, see day_in; today for what is none, or still to come."""
    today = local_day(now, zone)
    return AskedDay(min(day_in(text) or today, today), today)
