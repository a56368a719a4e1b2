"""Waits between steps: elapsed hours, local calendar days, business days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from campaigns.calendar.instants import first_instant_of, wall_at

SATURDAY_AND_SUNDAY = frozenset({6, 7})


class WaitUnit(StrEnum):
    """What a wait counts."""

    MINUTES = "minutes"  # elapsed; for rehearsals
    HOURS = "hours"  # elapsed: 48 hours are 48 hours, also over a clock change
    DAYS = "days"  # local calendar days: the same time of the day
    BUSINESS_DAYS = "business_days"  # local calendar days without weekends and holidays


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a step waits after the one before it was really sent."""

    amount: int
    unit: WaitUnit


def wait_until(
    sent_at: datetime,
    wait: Wait,
    zone: tzinfo,
    *,
    holidays: Collection[date] = (),
    weekend: Collection[int] = SATURDAY_AND_SUNDAY,
) -> datetime:
    """Return the instant (UTC) at which the wait is over. The window comes on top, see next_open."""
    match wait.unit:
        case WaitUnit.MINUTES:
            return sent_at + timedelta(minutes=wait.amount)
        case WaitUnit.HOURS:
            return sent_at + timedelta(hours=wait.amount)
        case WaitUnit.DAYS:
            return _on(sent_at, timedelta(days=wait.amount), zone)
        case WaitUnit.BUSINESS_DAYS:
            day = wall_at(sent_at, zone).date()
            left = wait.amount
            passed = 0
            while left:
                passed += 1
                current = day + timedelta(days=passed)
                if current.isoweekday() not in weekend and current not in holidays:
                    left -= 1
            return _on(sent_at, timedelta(days=passed), zone)


def _on(sent_at: datetime, days: timedelta, zone: tzinfo) -> datetime:
    if not days:
        return sent_at
    return max(sent_at, first_instant_of(zone, wall_at(sent_at, zone) + days))
