"""The health of a mailbox in percent of its budget: halved by a bad signal, mended by clean days (congestion control).

A fold over signals: whoever has the stored rows can reckon it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FULL = 100
# Never nothing: who sends nothing at all never learns that it is well again. Only a state stops a mailbox.
LOWEST = 10
STEP = 10
IDLE_DAYS = 30


class Cause(StrEnum):
    """What changes a mailbox's health, or would have."""

    CLEAN_DAY = "clean_day"  # a day of sending without a bad signal
    BLOCK = "block"  # a server refuses us as a sender
    BOUNCES = "bounces"  # too many addresses do not exist
    COMPLAINT = "complaint"  # a person called a message spam
    IDLE = "idle"  # thirty days without a message
    REFUSAL = "refusal"  # somebody's policy refuses a message: no cut, but no clean day either

    @property
    def is_bad(self) -> bool:
        return self not in {Cause.CLEAN_DAY, Cause.IDLE}


_CUTS = frozenset({Cause.BLOCK, Cause.BOUNCES, Cause.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Health:
    """What is left of the budget, and when it was last cut."""

    percent: int = FULL
    cut_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that happened to a mailbox. day: the length of a day at its pace."""

    cause: Cause
    at: datetime
    day: timedelta = timedelta(days=1)


def after(health: Health, signal: Signal) -> Health:
    """Return the health after a signal. Whatever piles up within a day is one cut: it has one reason."""
    if signal.cause in _CUTS:
        if health.cut_at is not None and signal.at < health.cut_at + signal.day:
            return health
        return Health(halved(health.percent), signal.at)
    match signal.cause:
        case Cause.IDLE:
            return Health(halved(health.percent), health.cut_at)
        case Cause.CLEAN_DAY:
            return Health(min(FULL, health.percent + STEP), health.cut_at)
        case _:
            return health


def replay(signals: Iterable[Signal]) -> Health:
    """Return the health that signals, in their order, leave."""
    health = Health()
    for signal in signals:
        health = after(health, signal)
    return health


def halved(percent: int, times: int = 1) -> int:
    """Return the percent after so many halvings, never under LOWEST."""
    return max(LOWEST, percent >> min(times, 8))


def idle_spells(last_day_at: datetime | None, now: datetime, day: timedelta) -> int:
    """Return how many times thirty days have passed since the last day of sending began."""
    return 0 if last_day_at is None else max(0, (now - last_day_at) // (IDLE_DAYS * day))
