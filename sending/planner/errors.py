"""What can go wrong in the planner, for callers to tell apart."""

from __future__ import annotations

from dataclasses import dataclass


class PlannerError(Exception):
    """Base of the planner's errors."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why a campaign cannot be launched, and where to remove it."""

    code: str
    words: str
    fix: str
    url_name: str
    of_campaign: bool = True  # the address needs the campaign's id


class NoRoom(PlannerError, ValueError):
    """There is nothing to decide, or the law leaves no room for it; the text says which."""


class NotReady(PlannerError, ValueError):
    """The campaign cannot be launched yet; obstacles says why, all at once."""

    def __init__(self, obstacles: tuple[Obstacle, ...]) -> None:
        super().__init__("; ".join(one.words for one in obstacles))
        self.obstacles = obstacles
