"""The server of a fault run: writes down what it takes before it says so, and holds clients at a step."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

from sending.chaos.faultsmtpd import FaultServer


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One message that a server has taken."""

    message_id: str
    sender: str
    recipient: str
    at: str  # UTC, ISO 8601


class AcceptedLog:
    """One line for each message that was taken, durable when it returns; several servers may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.count = 0

    def write(self, content: bytes) -> None:
        head = message_from_bytes(content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        sender, recipient = (parseaddr(str(head[name]))[1].lower() for name in ("From", "To"))
        one = Acceptance(str(head["Message-ID"]).strip(), sender, recipient, datetime.now(UTC).isoformat())
        with self._lock:
            os.write(self._file, json.dumps(asdict(one)).encode() + b"\n")
            os.fsync(self._file)
            self.count += 1

    def read(self) -> list[Acceptance]:
        return [Acceptance(**json.loads(line)) for line in self._path.read_bytes().splitlines()]

    def close(self) -> None:
        os.close(self._file)


class Barrier:
    """Where the first client that comes to a step is held until it is let go; `port` is its own."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.port = 0

    async def hold(self, port: int) -> None:
        if self.arrived.is_set():
            return
        self.port = port
        self.arrived.set()
        await asyncio.to_thread(self.released.wait)


@dataclass
class Receiver(FaultServer):
    """A FaultServer with a log, barriers by step, and an answer to the dot that takes think_s.

    keep_copy: called with each message that was taken, as a provider files it in the Sent folder.
    """

    accepted_log: AcceptedLog | None = None
    barriers: Mapping[str, Barrier] = field(default_factory=dict)
    think_s: float = 0.0
    keep_copy: Callable[[bytes], None] | None = None

    async def reached(self, step: str, port: int) -> None:
        if step in self.barriers:
            await self.barriers[step].hold(port)
        if step == "dot" and self.think_s:
            await asyncio.sleep(self.think_s)

    def take(self, body: bytes) -> None:
        assert self.accepted_log is not None
        self.accepted_log.write(body)
        if self.keep_copy is not None:
            self.keep_copy(body)
