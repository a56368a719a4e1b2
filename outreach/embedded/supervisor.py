"""Start services in order, watch them, restart what falls, and stop everything in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Coroutine

from outreach.embedded.faults import StartFailed
from outreach.embedded.ports import start_on_free_port
from outreach.embedded.process import Child, Say, Service

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_CALM_S = 60.0  # a service that ran this long begins again with the first pause


class Supervisor:
    """Owns the children of one `outreach up`. Groups stop last first; the members of a group, together."""

    def __init__(self, say: Say) -> None:
        self.stopping = asyncio.Event()
        self._say = say
        self._groups: list[list[Child]] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def run(self, boot: Coroutine[object, object, None]) -> None:
        """Carry out boot, serve until asked to stop, and leave no process behind, whatever happens.

        Ctrl-C, SIGTERM and a closed terminal stop everything; a second one kills without waiting.
        Raises what boot raises.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.ask_to_stop)
        booting = asyncio.create_task(boot)
        asked = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({booting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if booting.done():
                booting.result()
                await asked
        finally:
            self.stopping.set()
            await _cancel(booting, asked, *self._watchers)
            for group in reversed(self._groups):
                await asyncio.gather(*(self._stop(child) for child in group))

    async def start(self, *services: Service) -> None:
        """Start one group and return when all of it is ready. Raises StartFailed."""
        group: list[Child] = []
        self._groups.append(group)
        try:
            async with asyncio.TaskGroup() as tasks:
                for service in services:
                    tasks.create_task(self._start_one(service, group))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def start_on_free_port(self, service_at: Callable[[int], Service]) -> int:
        """Start a server, as a group of its own, on a free port; return the port. Raises StartFailed."""
        child, port = await start_on_free_port(service_at, self._say)
        self._groups.append([child])
        self._watchers.append(asyncio.create_task(self._keep_running(child)))
        return port

    async def run_once(self, service: Service) -> None:
        """Run a step to its end. Raises StartFailed when it fails."""
        child = Child(service, self._say)
        self._groups.append([child])
        await child.start()
        status = await child.wait()
        await child.stop()
        if status:
            raise StartFailed(service.name, f"it ended with status {status}", child.last_lines)

    def ask_to_stop(self) -> None:
        """Begin to stop; asked again, kill every group at once."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._say("outreach", "stopping (Ctrl-C again kills)")
            return
        for child in (child for group in self._groups for child in group):
            child.kill()

    async def _start_one(self, service: Service, group: list[Child]) -> None:
        child = Child(service, self._say)
        group.append(child)
        await child.start()
        self._watchers.append(asyncio.create_task(self._keep_running(child)))

    async def _keep_running(self, child: Child) -> None:
        name, pause = child.service.name, _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            status = await child.wait()
            await child.stop()
            if time.monotonic() - began > _CALM_S:
                pause = _FIRST_PAUSE_S
            self._say("outreach", f"{name} ended with status {status}; starting it again in {pause:.0f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            try:
                await child.start()
            except StartFailed as failure:
                self._say("outreach", str(failure))
            else:
                self._say("outreach", f"{name} runs again")

    async def _stop(self, child: Child) -> None:
        began, ran = time.monotonic(), child.is_running
        await child.stop()
        if ran:
            self._say("outreach", f"{child.service.name} stopped in {time.monotonic() - began:.1f} s")


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
