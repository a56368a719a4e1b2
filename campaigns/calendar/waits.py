"""Waits between steps: elapsed hours, local calendar days, business days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from campaigns.calendar.instants import first_instant_of, wall_at

SATURDAY_AND_SUNDAY = frozenset({6, 7})
LONGEST = timedelta(days=3_660)


class WaitUnit(StrEnum):
    """What a wait counts."""

    MINUTES = "minutes"  # elapsed; for rehearsals
    HOURS = "hours"  # elapsed: 48 hours are 48 hours, also over a clock change
    DAYS = "days"  # local calendar days: the same time of the day
    BUSINESS_DAYS = "business_days"  # local calendar days without weekends and holidays


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a step waits after the one before it was really sent; from nothing up to ten years."""

    amount: int
    unit: WaitUnit

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= LONGEST // _LENGTHS[self.unit]:
            raise ValueError(f"no such wait: {self.amount} {self.unit}")


_LENGTHS = {
    WaitUnit.MINUTES: timedelta(minutes=1),
    WaitUnit.HOURS: timedelta(hours=1),
    WaitUnit.DAYS: timedelta(days=1),
    WaitUnit.BUSINESS_DAYS: timedelta(days=1),
}


def wait_until(
    sent_at: datetime,
    wait: Wait,
    zone: tzinfo,
    *,
    holidays: Collection[date] = (),
    weekend: Collection[int] = SATURDAY_AND_SUNDAY,
) -> datetime:
    """Return the instant (UTC) at which the wait is over. The window comes on top, see next_open.

    Weekend holds ISO weekdays (Friday and Saturday in some countries). Raises ValueError for a naive `sent_at`, and
    when business days are to be counted in a week that has none.
    """
    if sent_at.tzinfo is None:
        raise ValueError("an instant needs a zone; a naive one would be read in the server's")
    match wait.unit:
        case WaitUnit.MINUTES | WaitUnit.HOURS:
            return sent_at + wait.amount * _LENGTHS[wait.unit]
        case WaitUnit.DAYS:
            return _on(sent_at, timedelta(days=wait.amount), zone)
        case WaitUnit.BUSINESS_DAYS:
            passed = _business_days(wall_at(sent_at, zone).date(), wait.amount, holidays, weekend)
            return _on(sent_at, timedelta(days=passed), zone)


def _business_days(day: date, amount: int, holidays: Collection[date], weekend: Collection[int]) -> int:
    if set(range(1, 8)) <= set(weekend):
        raise ValueError("a week without business days")
    passed = 0
    while amount:  # ends: holidays are finite, and each week has a business day
        passed += 1
        current = day + timedelta(days=passed)
        if current.isoweekday() not in weekend and current not in holidays:
            amount -= 1
    return passed


def _on(sent_at: datetime, days: timedelta, zone: tzinfo) -> datetime:
    if not days:
        return sent_at
    return max(sent_at, first_instant_of(zone, wall_at(sent_at, zone) + days))
