"""The loop that couriers run in."""

from __future__ import annotations

import asyncio
import threading

from outreach.kit import loops


def test_a_name_is_looked_up_although_a_hundred_others_get_no_answer() -> None:
    answered = threading.Event()

    async def run() -> str:
        loop = asyncio.get_running_loop()
        silent = [loop.run_in_executor(None, answered.wait) for _ in range(100)]
        try:
            return await asyncio.wait_for(loop.run_in_executor(None, lambda: "here"), 5)
        finally:
            answered.set()
            await asyncio.gather(*silent)

    assert loops.run(run()) == "here"
