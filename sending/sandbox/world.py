"""The whole sandbox in one process: servers, reactions, and the file that tells others how to reach it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP

from sending.sandbox.authority import Certificate, certificate
from sending.sandbox.imapd import deliver, serve_imap, write_accounts
from sending.sandbox.smtpd import Handler, Pace, authenticator
from sending.sandbox.store import Store

HOST = "127.0.0.1"
_REACT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class WorldInfo:
    """How to reach a running sandbox; smtp_port and imap_port speak STARTTLS, smtps_port TLS."""

    host: str
    smtp_port: int
    smtps_port: int
    imap_port: int
    ca_pem: str = field(repr=False)
    accounts: Mapping[str, str] = field(repr=False)


def read_world(folder: Path) -> WorldInfo:
    """Return how to reach the sandbox in this folder. Raises FileNotFoundError when it never ran."""
    return WorldInfo(**json.loads((folder / "world.json").read_text()))


def accepted_in(folder: Path) -> list[dict[str, str]]:
    """Return what the sandbox has accepted, in order: the oracle of tests."""
    path = folder / "accepted.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def run(folder: Path, accounts: Mapping[str, str], pace: Pace, ports: Sequence[int] = (0, 0, 0)) -> None:
    """Serve until SIGTERM or SIGINT. The ports of the last run are used again where they are free."""
    cert = certificate(folder)
    lowered = {name.lower(): password for name, password in accounts.items()}
    write_accounts(folder / "mail", lowered)
    store = Store(folder)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    smtp, smtps, imap = _ports(folder, ports)
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        await _serve_smtp(stack, store, lowered, pace, cert, folder / "mail", (smtp, smtps))
        await serve_imap(stack, folder / "mail", HOST, imap, cert)
        reactions = asyncio.create_task(_react(store, folder / "mail"))
        _publish(folder, WorldInfo(HOST, smtp, smtps, imap, cert.ca.read_text(), lowered))
        print(f"sandbox ready: smtp {smtp}, smtps {smtps}, imap {imap}", flush=True)  # noqa: T201  # its one line
        await stop.wait()
        reactions.cancel()


async def _serve_smtp(  # noqa: PLR0913, PLR0917  # everything that the servers share
    stack: AsyncExitStack,
    store: Store,
    accounts: Mapping[str, str],
    pace: Pace,
    cert: Certificate,
    mail: Path,
    ports: tuple[int, int],
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert.cert, cert.key)
    handler = Handler(store, pace, partial(deliver, mail, leaf="Sent"))
    common: dict[str, Any] = {
        "hostname": "mail.sandbox.test",
        "authenticator": authenticator(accounts),
        "auth_required": True,
        "enable_SMTPUTF8": True,
        "ident": "Outreach sandbox",
    }
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(
        lambda: SMTP(handler, tls_context=context, require_starttls=True, **common), HOST, ports[0]
    )
    secure = await loop.create_server(
        lambda: SMTP(handler, auth_require_tls=False, **common), HOST, ports[1], ssl=context
    )
    for server in (plain, secure):
        stack.callback(server.close)


async def _react(store: Store, mail: Path) -> None:
    while True:
        for account, content in store.take_due(time.time()):
            deliver(mail, account, content)
        await asyncio.sleep(_REACT_EVERY_S)


def _ports(folder: Path, wanted: Sequence[int]) -> list[int]:
    try:
        last = read_world(folder)
        before = [last.smtp_port, last.smtps_port, last.imap_port]
    except (FileNotFoundError, TypeError, ValueError):
        before = [0, 0, 0]
    return [one or _free(old) for one, old in zip(wanted, before, strict=True)]


def _free(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def _publish(folder: Path, info: WorldInfo) -> None:
    draft = folder / "world.json.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(info)))
    draft.rename(folder / "world.json")


class SandboxWorld:
    """Run a sandbox as a child process: for tests and rehearsals."""

    def __init__(self, folder: Path, accounts: Mapping[str, str], *, time_scale: int = 1, slow_s: float = 0) -> None:
        self.folder = folder
        self._accounts = accounts
        self._options = ["--time-scale", str(time_scale), "--slow-ms", str(int(slow_s * 1000))]

    def __enter__(self) -> Self:
        (self.folder / "world.json").unlink(missing_ok=True)
        named = [f"--account={name}:{password}" for name, password in self._accounts.items()]
        command = [
            sys.executable,
            "-m",
            "sending.sandbox",
            "--data",
            str(self.folder),
            *self._options,
            *named,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # our own module
        deadline = time.monotonic() + 20
        while not (self.folder / "world.json").exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.05)
        self.info = read_world(self.folder)
        return self

    def accepted(self) -> list[dict[str, str]]:
        """Return what was accepted so far."""
        return accepted_in(self.folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
