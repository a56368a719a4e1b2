"""Limits of a campaign as a whole in a rolling day: asked once for the campaign, whoever waits in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sending.pacing.budget import Pace
from sending.pacing.verdicts import SEND, Hold, HoldCode, Verdict

# The next look where nobody can tell when a place comes back.
RECHECK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit of a rolling day (None = no limit), how much of it is used, and when its oldest place comes back."""

    limit: int | None = None
    used: int = 0
    free_at: datetime | None = None


def new_leads_gate(cap: Cap, *, now: datetime, pace: Pace) -> Verdict:
    """Say whether a campaign may begin one more contact."""
    if cap.limit is None or cap.used < cap.limit:
        return SEND
    words = f"{cap.used} of {cap.limit} new contacts of the last 24 hours are begun."
    return Hold(HoldCode.NEW_LEADS_LIMIT, words, cap.free_at or now + pace.shrink(RECHECK))
