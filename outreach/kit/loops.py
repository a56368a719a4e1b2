"""Run a coroutine on the fastest event loop here: uvloop where it exists (not on Windows), else asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:
    new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]

T = TypeVar("T")
_make_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop
# Names are looked up in threads, and one whose servers are silent holds its thread for ten seconds and more. Python's
# six on two processors would let hosts that are well wait behind them; a courier serves three hundred at once.
_LOOKUPS = 300


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, as asyncio.run does."""
    with asyncio.Runner(loop_factory=_make_loop) as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup"))
        return runner.run(main)
