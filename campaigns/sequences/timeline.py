"""On which days of the sequence its steps fall, before anybody is written to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns.calendar import Wait, wait_until
from campaigns.sequences.models import Step
from campaigns.sequences.states import StepThread

# A week without a clock change or a holiday. The first message may go on each of its days, early or late.
_MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
_HOURS = (9, 17)


@dataclass(frozen=True, slots=True)
class Days:
    """The days after the first message on which a step falls due, from 0; the window may put it off further."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"day {self.first}" if self.first == self.last else f"day {self.first}\u2013{self.last}"


def days_of(waits: Sequence[Wait], *, weekdays: Collection[int] = ()) -> list[Days]:
    """Return the days of each step by the waits before them.

    weekdays: ISO days on which a first message can go; none means any. Business days depend on the weekday, hours on
    the time of the day: where they do not come out the same, the days are a span.
    """
    begins = [
        _MONDAY + timedelta(days=weekday - 1, hours=hour)
        for weekday in sorted(weekdays) or range(1, 8)
        for hour in _HOURS
    ]
    sent = list(begins)
    days: list[Days] = []
    for wait in waits:
        sent = [wait_until(at, wait, UTC) for at in sent]
        passed = [(at.date() - begin.date()).days for at, begin in zip(sent, begins, strict=True)]
        days.append(Days(min(passed), max(passed)))
    return days


def wait_words(step: Step) -> str:
    """Return a step's wait and thread as words."""
    unit = str(step.wait_unit).replace("_", " ")
    if step.wait_amount == 1:
        unit = unit.removesuffix("s")
    thread = "with a new subject" if step.thread == StepThread.NEW else "in the same thread"
    return f"{step.wait_amount} {unit} after the message before, {thread}"
