"""How much a mailbox may send: limits, ramp, gap, and the scale of a sandbox's time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# More than this in one breath gains nothing and would keep a worker from its other mailboxes.
BURST = 20
# Due follow-ups go first until they have used this part of a day's budget: the rest is kept for new contacts.
FOLLOW_UP_PERCENT = 70


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of time: 1 in real life; a sandbox workspace divides every duration by its scale."""

    scale: int = 1

    def shrink(self, duration: timedelta, *, floor: timedelta = timedelta(0)) -> timedelta:
        """Return the duration at this pace, never under `floor` (and never lengthened by it)."""
        if self.scale == 1:  # real life asks this at every look
            return duration
        return max(duration / self.scale, min(floor, duration))

    @property
    def day(self) -> timedelta:
        return self.shrink(DAY)

    @property
    def hour(self) -> timedelta:
        return self.shrink(HOUR)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a mailbox may do. Counts per rolling day and hour; the gap is drawn from [gap_min, gap_max]."""

    daily: int
    hourly: int
    gap_min: timedelta
    gap_max: timedelta
    ramp_start: int | None = None  # None = no ramp
    ramp_step: int = 0
    ceiling: int | None = None  # what the provider bears in mail to strangers
    provider: str = ""  # whose ceiling it is
    health: int = 100  # in percent, see health.py


class Usage(NamedTuple):  # a forecast makes one at each look: a frozen dataclass takes four times as long
    """What a mailbox has done: counts of the rolling day and hour, and when each gets its oldest place back."""

    day: int = 0
    hour: int = 0
    new_leads_day: int = 0  # of `day`, first messages
    day_frees_at: datetime | None = None  # when the oldest of `day` leaves the window
    hour_frees_at: datetime | None = None
    sending_days: int = 0  # completed days on which it sent at all: the ramp climbs on these only


def daily_budget(limits: Limits, usage: Usage) -> int:
    """Return how many messages the mailbox may send in a rolling day: min(limit, ceiling, ramp) x health, from 1."""
    places = limits.daily
    if limits.ceiling is not None:
        places = min(places, limits.ceiling)
    if limits.ramp_start is not None:
        places = min(places, limits.ramp_start + limits.ramp_step * usage.sending_days)
    if limits.health == 100:  # as most mailboxes are, and a forecast asks at every look
        return places
    return max(min(1, places), places * limits.health // 100)


def bound_by(limits: Limits, usage: Usage) -> str:
    """Return, in words, what makes the budget smaller than the mailbox's own limit; "" where nothing does."""
    places, words = _bound(limits, usage)
    found = [words] if words else []
    if limits.health < 100:
        found.append(f"its health leaves {daily_budget(limits, usage)} of {places}")
    return "; ".join(found)


def _bound(limits: Limits, usage: Usage) -> tuple[int, str]:
    """Return the smallest of limit, ceiling and ramp, and what it is where it is not the limit."""
    bounds = [(limits.daily, "")]
    if limits.ceiling is not None:
        bounds.append((limits.ceiling, f"{limits.provider} bears {limits.ceiling} a day, the limit is {limits.daily}"))
    if limits.ramp_start is not None:
        places = limits.ramp_start + limits.ramp_step * usage.sending_days
        bounds.append((places, f"the ramp allows {places} of {limits.daily}"))
    return min(bounds, key=lambda bound: bound[0])


def gap_seed(enrollment_id: int, step_id: int) -> str:
    """Return the seed of the gap behind a message: known beforehand, so that a forecast draws the same gap."""
    return f"{enrollment_id}:{step_id}"


def draw_gap(limits: Limits, pace: Pace, *, seed: str) -> timedelta:
    """Return the pause after a send, drawn evenly from [gap_min, gap_max] by the seed: reproducible, never random."""
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) / 2**64
    return pace.shrink(limits.gap_min + (limits.gap_max - limits.gap_min) * share)


def allowance(limits: Limits, usage: Usage) -> int:
    """Return how many messages may be claimed now: one where a gap is kept, else what hour and day leave."""
    left = min(daily_budget(limits, usage) - usage.day, limits.hourly - usage.hour)
    most = 1 if limits.gap_max else BURST
    return max(0, min(left, most))


def follow_up_places(limits: Limits, usage: Usage) -> int:
    """Return how many more follow-ups go before new contacts have their turn: what is left of their part of the day."""
    return max(0, follow_up_part(daily_budget(limits, usage)) - (usage.day - usage.new_leads_day))


def follow_up_part(budget: int) -> int:
    """Return the follow-ups' part of a budget, rounded up: of a budget of one, the one."""
    return -(-budget * FOLLOW_UP_PERCENT // 100)
