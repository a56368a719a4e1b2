"""The HTTP API of the room: conversations, and what a team does with them, by the rules of their pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from outreach.rest.problems import Problem
from sending.inbox.api import acting, reading
from sending.inbox.threads.services import NotPossible

__all__ = ["PROBLEMS", "acting", "router"]

router = reading.router  # one for both: ninja lets an address answer in one router only
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    NotPossible: lambda error: Problem(409, "not_possible", str(error)),
}
