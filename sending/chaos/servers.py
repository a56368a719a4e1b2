"""The world of a fault run: servers and workers as in production, on free ports, in a folder that goes away.

Nothing here knows Django: the settings can only be read once the servers run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from cryptography.fernet import Fernet

from outreach.embedded import program
from outreach.embedded.faults import StartFailed
from outreach.embedded.ports import start_on_free_port
from outreach.embedded.postgres import open_cluster, postgres_service, postgres_url
from outreach.embedded.process import Child, Say, Service
from outreach.embedded.valkey import valkey_service, valkey_url

T = TypeVar("T")

# Short, so that a run does not wait a minute for each dead worker; the sweeper looks four times as often.
LEASE_S = 2
_DATA, _COPY = "postgres", "postgres.copy"
_OURS = ("OUTREACH_", "DATABASE_URL", "REDIS_URL")
_CALL_S = 120.0
_PREPARE_S = 600.0  # all migrations, on a machine that has other things to do
_RESTART_S = 1.0


class Background:
    """An event loop in a thread of its own: what it starts runs on while the caller waits for something else."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="chaos-servers")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def run(self, call: Coroutine[Any, Any, T], *, within_s: float = _CALL_S) -> T:
        """Return what the coroutine returns. Raises TimeoutError when it takes too long."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(within_s)


class Runner:
    """One process of the world, which a fault may kill and which comes back when it is told to.

    is_kept: it is started again when it ends by itself, as the supervisor of `outreach up` and Docker do.
    """

    def __init__(self, background: Background, child: Child, *, is_kept: bool = False) -> None:
        self._background = background
        self._child = child
        self._is_kept = is_kept
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    def start(self) -> None:
        """Start it, on the port that it had, and return when it is ready."""
        self._background.run(self._let_go())
        self._background.run(self._start())

    def end(self, number: signal.Signals, *, within_s: float = 60.0) -> None:
        """Send the leader a signal and return when the whole process is gone."""
        self._background.run(self._let_go())
        if self.is_running:
            os.kill(self.pid, number)
            self._background.run(asyncio.wait_for(self._child.wait(), within_s))
        self.stop()

    def kill(self) -> None:
        """End it and what it has started at once."""
        self._background.run(self._let_go())
        if self.is_running:
            self._child.kill()
            self._background.run(asyncio.wait_for(self._child.wait(), 10))
        self.stop()

    def stop(self) -> None:
        """Ask it to end, and return when it is gone."""
        self._background.run(self._let_go())
        self._background.run(self._child.stop())

    async def _start(self) -> None:
        await self._child.start()
        if self._is_kept:
            self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            await self._child.wait()
            await self._child.stop()
            await asyncio.sleep(_RESTART_S)
            await self._child.start()

    async def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None


class Servers:
    """PostgreSQL with all its safety, Valkey, and the program's workers and beat. Enter it once."""

    def __init__(self, say: Say, *, workers: int) -> None:
        self._say = say
        self._workers = workers
        self._background = Background()
        self._stack = contextlib.ExitStack()
        self.program: dict[str, Runner] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start_program(self) -> None:
        """Start what is not running of the workers and beat."""
        for name, service in self._services().items():
            if name not in self.program:
                self.program[name] = self.runner(service)
            if not self.program[name].is_running:
                self.program[name].start()

    def runner(self, service: Service) -> Runner:
        """Return a process that is not started yet, is kept running, and ends with this world at the latest."""
        runner = Runner(self._background, Child(service, self._say), is_kept=True)
        self._stack.callback(runner.kill)
        return runner

    def copy_database(self) -> None:
        """Keep a copy of PostgreSQL's files, taken while it is stopped."""
        self._copy(self.folder / _DATA, self.folder / _COPY)

    def put_database_back(self) -> None:
        """Let PostgreSQL serve the copy instead of what it has become since."""
        self._copy(self.folder / _COPY, self.folder / _DATA)

    def serve_copy(self, folder: Path) -> str:
        """Serve a copy of PostgreSQL's files from the folder as well; return the address of its database."""
        self._copy(self.folder / _DATA, folder)
        cluster = open_cluster(folder, password=self._password)
        _, port = self._listen(lambda port: postgres_service(cluster, port=port))
        return postgres_url(port, self._password)

    def _copy(self, source: Path, target: Path) -> None:
        """Replace what is in the target, a folder that PostgreSQL may hold open, by what is in the source."""
        self.postgres.stop()
        target.mkdir(exist_ok=True)
        for one in target.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        # Owners and modes matter to PostgreSQL, and shutil keeps none.
        subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True, timeout=_CALL_S)  # noqa: S603, S607
        self.postgres.start()

    def _services(self) -> dict[str, Service]:
        return {
            "worker": program.worker(),
            "jobs": program.jobs(),
            "courier": program.courier(self._workers),
            "beat": program.beat(),
        }

    def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outreach-chaos-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._stack.enter_context(self._background)
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            del os.environ[name]  # they lead to an instance that is not to be broken
        (self.folder / "static").mkdir()
        password = self._password = secrets.token_urlsafe(18)
        cluster = open_cluster(self.folder / _DATA, password=password)
        self.postgres, postgres_port = self._listen(lambda port: postgres_service(cluster, port=port))
        conf = self.folder / "valkey.conf"
        self.valkey, valkey_port = self._listen(lambda port: valkey_service(conf, port=port, password=password))
        self._keep_snapshots(conf)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
        os.environ.update(
            DATABASE_URL=postgres_url(postgres_port, password),
            REDIS_URL=valkey_url(valkey_port, password),
            OUTREACH_DATA_DIR=str(self.folder),
            OUTREACH_JOURNAL_DIR=str(self.folder / "journal"),
            OUTREACH_SECRET_KEY=secrets.token_urlsafe(48),
            OUTREACH_CREDENTIAL_KEYS=Fernet.generate_key().decode(),
            OUTREACH_PRIVATE_NETWORKS="127.0.0.0/8",
            # Nobody reads most of its mailboxes: without a page to opt out at they would rightly send nothing.
            OUTREACH_TRACKING_URL="https://go.chaos.test",
            OUTREACH_LEASE_S=str(LEASE_S),
        )
        self._background.run(self._prepare(), within_s=_PREPARE_S)

    def _keep_snapshots(self, conf: Path) -> None:
        """Let Valkey write a snapshot into our folder when it is told to, and read it when it starts."""
        with conf.open("a", encoding="utf-8") as file:
            file.write(f"dir {self.folder}\n")
        self.snapshot = self.folder / "dump.rdb"
        self.valkey.stop()
        self.valkey.start()

    def _listen(self, service_at: Callable[[int], Service]) -> tuple[Runner, int]:
        child, port = self._background.run(start_on_free_port(service_at, self._say))
        runner = Runner(self._background, child)
        self._stack.callback(runner.stop)
        return runner, port

    async def _prepare(self) -> None:
        step = Child(program.step("prepare", "prepare"), self._say)
        await step.start()
        status = await step.wait()
        await step.stop()
        if status:
            raise StartFailed("prepare", f"it ended with status {status}", step.last_lines)


def wait_until(done: Callable[[], object], *, seconds: float, every_s: float = 0.02) -> bool:
    """Return True once it is done, False when the time is over."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
