"""What an edit of a launched campaign changes for its people, asked of the rooms above (see outreach/slots.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from django.utils.module_loading import import_string

from campaigns.sequences.models import Campaign
from campaigns.sequences.services import Schedule
from outreach.slots import EDIT_EFFECTS, MADE_FROM, SCHEDULE_EFFECTS


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those who still wait for a step get one of its wordings, by the shares of now, of then, of both."""

    label: str
    now: int
    then: int
    stays: int


@dataclass(frozen=True, slots=True)
class Effects:
    """Where the people of a step stand: who still waits for it, whose message is made, who has it.

    is_about: more people wait than are looked at one by one, so the shares are reckoned from some of them.
    """

    pending: int  # no message of the step is made for them yet
    under_way: int  # made and not sent: it keeps its wording
    sent: int  # sent, or may have been: in doubt
    shares: Sequence[Share] = ()
    is_about: bool = False
    waiting: int = 0  # of the pending, those whose wait for the step has begun: it keeps its end
    may_come: int = 0  # not pending: they stand where a branch may still lead them to the step's path

    @property
    def moved(self) -> int:
        """Return how many of the pending get another wording then."""
        return max(self.pending - sum(one.stays for one in self.shares), 0)

    def of(self, label: str) -> Share | None:
        """Return how many get a wording."""
        return next((one for one in self.shares if one.label == label), None)


AT_ONCE = 2_000  # people of whom two forecasts are reckoned before a page is shown


@dataclass(frozen=True, slots=True)
class FirstSend:
    """One of the first messages to come: to whom, and when, on the clock of the recipient."""

    email: str
    position: int
    at: datetime
    zone: tzinfo
    zone_name: str


@dataclass(frozen=True, slots=True)
class ScheduleEffects:
    """What another schedule changes: the first messages by the one that stands and by the other, and the last of each.

    pending: people to whom something is to come. sent: messages that have left, or may have.
    """

    pending: int
    sent: int
    now: Sequence[FirstSend]
    then: Sequence[FirstSend]
    ends_now: datetime | None  # None: nothing is foreseen, or not to its end
    ends_then: datetime | None
    is_reckoned: bool = True  # False: of so many people the page asks for the forecasts by itself


def effects_of_schedule(campaign: Campaign, schedule: Schedule, *, reckons: bool = True) -> ScheduleEffects:
    """Return what another schedule of a launched campaign touches.

    reckons: also where more than AT_ONCE people wait, of whom two forecasts take some seconds.
    """
    found: ScheduleEffects = _above(SCHEDULE_EFFECTS)(campaign, schedule, reckons=reckons)
    return found


def effects_of(step_id: int, shares: Mapping[str, int] | None = None) -> Effects:
    """Return what an edit of a step touches. shares: the weights that its wordings shall have then, by label."""
    found: Effects = _above(EDIT_EFFECTS)(step_id, shares or {})
    return found


def messages_made_from(variant_id: int) -> dict[int, int]:
    """Return how many messages were made from each version of a wording, by its number."""
    found: dict[int, int] = _above(MADE_FROM)(variant_id)
    return found


@cache
def _above(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = import_string(name)
    return found
