"""The HTTP API of the room: campaigns as they stand, their senders, their review, and letting them run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from outreach.rest.problems import Problem
from sending.mailboxes.errors import StillGuarded
from sending.planner.api import reading, running, senders
from sending.planner.errors import NotReady

__all__ = ["PROBLEMS", "router", "running", "senders"]

router = reading.router  # one for all


def _not_ready(error: NotReady) -> Problem:
    causes = [{"field": one.code, "detail": f"{one.words} {one.fix}"} for one in error.obstacles]
    return Problem(409, "not_ready", str(error), errors=causes)


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    NotReady: _not_ready,
    StillGuarded: lambda error: Problem(409, "still_guarded", str(error)),
}
