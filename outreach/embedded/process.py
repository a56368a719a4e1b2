"""One child process: started in its own group, watched until it answers, ended without leftovers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from outreach.embedded.account import Account
from outreach.embedded.faults import StartFailed
from outreach.kit.lifeline import end_with_parent

Probe = Callable[[], Awaitable[bool]]
Say = Callable[[str, str], None]
_LINE_LIMIT_BYTES = 1 << 20
_GROUP_S = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """What to run and how to know that it runs.

    It is ready when `ready` says so, or once it has printed `ready_line`. `env` and `folder` None are ours.
    `grace_s` passes between `stop_signal` and SIGKILL for the whole group; the kernel sends `death_signal`
    when we are killed ourselves. `fds` stay open in the child under the same numbers. Of a program that talks
    much, only lines that match `worth_saying` are passed on.
    """

    name: str
    argv: tuple[str, ...]
    ready: Probe | None = None
    ready_line: str = ""
    ready_s: float = 60.0
    env: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_s: float = 10.0
    account: Account | None = None
    fds: tuple[int, ...] = ()
    folder: Path | None = None
    worth_saying: re.Pattern[str] | None = None


class Child:
    """A running Service. `say(name, line)` receives every line that it prints."""

    def __init__(self, service: Service, say: Say) -> None:
        self.service = service
        self._say = say
        self._announced = self._is_cleared = False
        self._last_lines: deque[str] = deque(maxlen=8)
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def last_lines(self) -> tuple[str, ...]:
        return tuple(self._last_lines)

    async def start(self) -> None:
        """Spawn and wait until ready. Raises StartFailed; nothing is left running then."""
        service = self.service
        account = service.account
        self._announced = self._is_cleared = False
        try:
            self._process = await asyncio.create_subprocess_exec(
                *service.argv,
                env=service.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=_LINE_LIMIT_BYTES,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
                pass_fds=service.fds,
                preexec_fn=_tied_to_us(service.death_signal),
                cwd=service.folder,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except OSError as error:
            raise StartFailed(service.name, f"{service.argv[0]}: {error.strerror}") from error
        self._pump = asyncio.create_task(self._read_output())
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Return the exit status once the process has ended and all it printed has been passed on."""
        assert self._process
        assert self._pump
        status = await self._process.wait()
        with contextlib.suppress(TimeoutError):  # a grandchild may hold the pipe open
            await asyncio.wait_for(asyncio.shield(self._pump), 1.0)
        return status

    async def stop(self) -> None:
        """Ask the leader to end, wait for the grace time, then kill the whole group.

        Of a leader that has ended by itself, what is left of its group goes. The second call does nothing: the
        number of the group may belong to somebody else by then.
        """
        process = self._process
        if process is None or self._is_cleared:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.service.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.service.grace_s)
            except TimeoutError:
                self._say(
                    "outreach",
                    f"{self.service.name} did not stop in {self.service.grace_s:g} s: killed",
                )
        await _end_group(process.pid)
        self._is_cleared = True
        await self.wait()
        if self._pump:
            self._pump.cancel()

    def kill(self) -> None:
        """Kill the whole group now; wait() returns soon after."""
        if self._process and self.is_running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _until_ready(self) -> None:
        assert self._process
        deadline = time.monotonic() + self.service.ready_s
        while not await self._is_ready():
            if self._process.returncode is not None:
                await self.wait()
                reason = f"it ended with status {self._process.returncode}"
                raise StartFailed(self.service.name, reason, self.last_lines)
            if time.monotonic() > deadline:
                reason = f"it did not answer within {self.service.ready_s:.0f} s"
                raise StartFailed(self.service.name, reason, self.last_lines)
            await asyncio.sleep(0.03)

    async def _is_ready(self) -> bool:
        if self.service.ready_line:
            return self._announced
        return self.service.ready is None or await self.service.ready()

    async def _read_output(self) -> None:
        assert self._process
        stream = self._process.stdout
        assert stream
        while True:
            try:
                raw = await stream.readline()
            except ValueError:  # a line longer than the limit: its beginning is dropped, the rest follows
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            if line:
                self._last_lines.append(line)
            self._announced |= bool(self.service.ready_line) and self.service.ready_line in line
            worth = self.service.worth_saying
            if worth is None or worth.search(line):
                self._say(self.service.name, line)


async def _end_group(leader: int) -> None:
    """Kill what is left of a group and see it go, so that its ports and files are free when we return."""
    deadline = time.monotonic() + _GROUP_S
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(leader, signal.SIGKILL)
            await asyncio.sleep(0.01)


def _tied_to_us(number: signal.Signals) -> Callable[[], None]:
    """Return what the child runs after setuid and before exec: it ends with us even when we are killed."""
    parent = os.getpid()

    def in_child() -> None:
        end_with_parent(number)
        if os.getppid() != parent:  # we were gone before the request was made
            os._exit(1)

    return in_child
