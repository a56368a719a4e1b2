"""The HTTP API of the room: campaigns, and how each stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from outreach.rest.problems import Problem
from sending.planner.api import reading

__all__ = ["PROBLEMS", "router"]

router = reading.router
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {}
