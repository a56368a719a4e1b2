"""What an edit of a launched campaign changes for its people, asked of the rooms above (see outreach/slots.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.module_loading import import_string

from outreach.slots import EDIT_EFFECTS, MADE_FROM


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
