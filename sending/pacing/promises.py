"""The account book of a mailbox's day: spent, kept for follow-ups that were promised, free for new contacts.

A place that is taken now comes back in a day. Until then it is missing to every follow-up that falls due: whoever was
written to once was promised the next message at its time, so a new contact only gets a place that none of them needs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sending.pacing.budget import Limits, Usage, daily_budget, follow_up_part
from sending.pacing.verdicts import SEND, Hold, HoldCode, Verdict


@dataclass(frozen=True, slots=True)
class Book:
    """The places of a rolling day; spent + reserved + free is the budget (or what is spent, where that is more)."""

    budget: int
    spent: int
    reserved: int  # kept for follow-ups that fall due within a day
    free: int  # for new contacts

    @property
    def total(self) -> int:
        return self.spent + self.reserved + self.free


def book_of(limits: Limits, usage: Usage, *, peak: int) -> Book:
    """Return the book of a mailbox; `peak` is from peak_use. New contacts keep their share of the day in any case."""
    budget = daily_budget(limits, usage)
    left = max(0, budget - usage.day)
    free = min(left, max(0, budget - peak, _owed(budget, usage)))
    return Book(budget=budget, spent=usage.day, reserved=left - free, free=free)


def decisive_use(limits: Limits, usage: Usage) -> int:
    """Return from which peak on a mailbox's book is the same, however high it is: new contacts have their share."""
    budget = daily_budget(limits, usage)
    return budget - _owed(budget, usage)


def _owed(budget: int, usage: Usage) -> int:
    """Return how much of their share of the day new contacts have not had yet."""
    return max(0, budget - follow_up_part(budget) - usage.new_leads_day)


def peak_use(comes_back: Sequence[datetime], promised: Sequence[datetime], *, now: datetime) -> int:
    """Return the most places in use at any instant of the coming day if nothing but what is promised goes out.

    comes_back: when each place that is spent comes back, ascending. promised: when follow-ups fall due, before a day
    has passed, so that none of their places comes back meanwhile; what is overdue counts now.
    """
    spent, back = len(comes_back), bisect_right(comes_back, now)
    peak = spent - back
    for count, due in enumerate(sorted(promised), start=1):
        while back < spent and comes_back[back] <= due:
            back += 1
        peak = max(peak, count + spent - back)
    return peak


def reserved_gate(book: Book, usage: Usage, *, later: datetime) -> Verdict:
    """Say whether the mailbox may begin one more contact; `later` is the next look where nothing comes back."""
    if book.free > 0:
        return SEND
    words = f"Of {book.budget} places a day {book.spent} are used and {book.reserved} kept for follow-ups to come."
    return Hold(HoldCode.RESERVED, words, usage.day_frees_at or later)
