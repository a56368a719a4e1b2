"""Run a coroutine on the fastest event loop here: uvloop where it exists (not on Windows), else asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:
    new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]

T = TypeVar("T")
_make_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, as asyncio.run does."""
    with asyncio.Runner(loop_factory=_make_loop) as runner:
        return runner.run(main)
