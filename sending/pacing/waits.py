"""When a step may follow the one before it: its wait at the pace of the workspace, then its window."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, tzinfo

from campaigns.calendar import Never, Schedule, Wait, next_open, wait_until
from sending.pacing.budget import Pace


def wait_over(sent_at: datetime, wait: Wait, zone: tzinfo, pace: Pace, *, closed: Collection[date]) -> datetime:
    """Return the instant (UTC) at which the wait of a step is over, for a message that left at `sent_at`.

    closed: local dates that are no business days.
    """
    due = wait_until(sent_at, wait, zone, holidays=closed)
    # Local days cannot be shortened: a sandbox keeps the length of the wait, at its own speed.
    return sent_at + pace.shrink(due - sent_at) if pace.scale > 1 else due


def opening_after(due: datetime, schedule: Schedule, zone: tzinfo) -> datetime:
    """Return the first instant from `due` on that lies in a window; `due` itself where none ever opens."""
    opens = next_open(schedule, zone, due)
    return due if isinstance(opens, Never) else opens
