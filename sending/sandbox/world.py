"""How others reach a sandbox: the file that tells where it listens, and a sandbox of one's own for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sending.sandbox.accounts import FILE as ACCOUNTS_FILE
from sending.sandbox.store import accepted_in

__all__ = ["HOST", "PORTS", "SandboxWorld", "WorldInfo", "accepted_in", "publish", "read_world"]

HOST = "127.0.0.1"
PORTS = ("smtp", "smtps", "imap", "imaps")
_ROOT = Path(__file__).parents[2]
_START_S = 20
_STOP_S = 10


@dataclass(frozen=True, slots=True)
class WorldInfo:
    """How to reach a running sandbox: smtp_port and imap_port speak STARTTLS, smtps_port and imaps_port TLS."""

    host: str
    smtp_port: int
    smtps_port: int
    imap_port: int
    imaps_port: int
    ca_path: str
    ca_pem: str = field(repr=False)
    accounts: Mapping[str, str] = field(repr=False)  # address -> password
    pid: int = field(default_factory=os.getpid)


def read_world(folder: Path) -> WorldInfo:
    """Return how to reach the sandbox in this folder. Raises FileNotFoundError when it never ran."""
    return WorldInfo(**json.loads((folder / "world.json").read_text(encoding="utf-8")))


def publish(folder: Path, info: WorldInfo) -> None:
    """Write world.json: it is there in whole or not at all, and only for this user."""
    draft = folder / "world.json.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(info), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / "world.json")


class SandboxWorld:
    """Run a sandbox as a child process: for tests and rehearsals. May be entered again: mailboxes and ports stay."""

    def __init__(
        self,
        folder: Path,
        accounts: Mapping[str, str] | Sequence[str],
        *,
        time_scale: int = 1,
        slow_s: float = 0,
        floor_s: float = 0.5,
    ) -> None:
        """Take accounts as address -> password, or as addresses alone, which get the password "sandbox"."""
        self.folder = folder
        known = accounts if isinstance(accounts, Mapping) else dict.fromkeys(accounts, "sandbox")
        self._accounts = dict(known)
        self._options = [
            "--time-scale", str(time_scale), "--slow-ms", str(round(slow_s * 1000)),
            "--floor-ms", str(round(floor_s * 1000)), "--end-with-parent",
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / ACCOUNTS_FILE).touch(mode=0o600)
        (self.folder / ACCOUNTS_FILE).write_text(json.dumps(self._accounts), encoding="utf-8")
        command = [sys.executable, "-m", "sending.sandbox", "--data", str(self.folder.resolve()), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=_ROOT)  # noqa: S603  # our own module
        try:
            self.info = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def smtp_port(self) -> int:
        return self.info.smtp_port

    @property
    def smtps_port(self) -> int:
        return self.info.smtps_port

    @property
    def imap_port(self) -> int:
        return self.info.imap_port

    @property
    def imaps_port(self) -> int:
        return self.info.imaps_port

    @property
    def ca_pem(self) -> str:
        return self.info.ca_pem

    @property
    def accounts(self) -> Mapping[str, str]:
        return self.info.accounts

    def accepted(self) -> list[dict[str, Any]]:
        """Return what was accepted so far."""
        return accepted_in(self.folder)

    def kill(self) -> None:
        """End the sandbox as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> WorldInfo:
        """Return what this child published; a file that an earlier run left says nothing."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                info = read_world(self.folder)
            except (FileNotFoundError, TypeError, ValueError):  # none yet, or one of an older version
                info = None
            if info is not None and info.pid == self._process.pid:
                return info
            time.sleep(0.05)
        raise RuntimeError(f"the sandbox in {self.folder} did not start; it told why on standard error")
