"""`outreach up` as a person starts it, and what is left of it afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from outreach.embedded.ports import free_port
from outreach.env import ROOT

START_S = 90  # a first start migrates: most of it
STOP_S = 30
NOTHING: Mapping[str, str] = MappingProxyType({})


class Up:
    """One supervisor on data_dir. `before` goes in front of the command; `variables` into its environment."""

    def __init__(
        self, data_dir: Path, *, port: int = 0, before: Sequence[str] = (), variables: Mapping[str, str] = NOTHING
    ) -> None:
        self.data_dir, self.port = data_dir, port or free_port()
        self._said = ""
        self._log = Path(tempfile.mkstemp(prefix="outreach-up-", suffix=".log")[1])
        command = (*before, sys.executable, "-m", "outreach.cli", "up", "--port", str(self.port))
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**clean_env(data_dir), **variables}, stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._said or self._log.read_text()

    def forget_log(self) -> None:
        """Keep what was said, remove the file."""
        self._said = self._log.read_text()
        self._log.unlink()

    def until_ready(self) -> Up:
        wait_until(lambda: " ready in " in self.said or self.process.poll() is not None, START_S)
        assert self.process.poll() is None, self.said
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_S)

    def page(self, path: str) -> int:
        """Return the status of a page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code


@contextlib.contextmanager
def up(
    data_dir: Path, *, port: int = 0, before: Sequence[str] = (), variables: Mapping[str, str] = NOTHING
) -> Iterator[Up]:
    """Start, and make sure at the end that nothing runs on, also when the test fails."""
    running = Up(data_dir, port=port, before=before, variables=variables)
    family: set[int] = set()
    try:
        yield running
        family = descendants(running.process.pid)
    finally:
        if running.process.poll() is None:
            running.stop(signal.SIGTERM)
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        running.forget_log()


def clean_env(data_dir: Path) -> dict[str, str]:
    """Return an environment that names no server, as on a fresh machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "OUTREACH_DATA_DIR": str(data_dir)}


def wait_until(true: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def descendants(pid: int) -> set[int]:
    """Return every process below pid."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def named(supervisor: int, service: str) -> set[int]:
    """Return the leader of a service: the supervisor's own child with that word in its command line."""
    word = {
        "web": "granian",
        "postgres": "/postgres",
        "valkey": "/valkey-server",
        "worker": "worker@%h",
        "jobs": "jobs@%h",
        "courier": "courier@%h",
        "listener": "listen",
    }.get(service, service)
    found = set()
    for pid in descendants(supervisor):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            # Valkey puts all its words into one.
            words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
            if int(stat[1]) == supervisor and stat[0] != "Z" and any(each.endswith(word) for each in words):
                found.add(pid)
    return found


def alive(pids: set[int]) -> set[int]:
    """Return those of pids that still run; a zombie does not run."""
    running = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                running.add(pid)
    return running
