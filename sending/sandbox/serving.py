"""The sandbox's one process: its servers, and the mails that come back when their time has come."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from sending.sandbox.accounts import SandboxError
from sending.sandbox.authority import Certificate, certificate
from sending.sandbox.imapd import SENT, deliver, prepare, serve_imap, tls_of
from sending.sandbox.reports import HOST as HOST_NAME
from sending.sandbox.smtpd import Handler, Pace, authenticator
from sending.sandbox.store import Store
from sending.sandbox.world import HOST, PORTS, WorldInfo, publish, read_world

_REACT_EVERY_S = 0.2
_BACKLOG = 128


class PortTaken(SandboxError, OSError):
    """A port that was asked for is in use."""


class AlreadyRunning(SandboxError):
    """Another sandbox works in the same folder."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve. accounts: address in lower case -> password. ports: by name (smtp, smtps, imap, imaps), 0 = any.

    A port that is not named is the one of the last run where it is still free.
    """

    folder: Path
    accounts: Mapping[str, str] = field(repr=False)
    pace: Pace = field(default_factory=Pace)
    host: str = HOST
    ports: Mapping[str, int] = field(default_factory=dict)


async def run(plan: Plan) -> None:
    """Serve until SIGTERM or SIGINT. Raises a SandboxError before anything is served, or what ended the reactions."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stack.enter_context(_alone_in(plan.folder))
        listeners = {name: _listener(plan, name, stack) for name in PORTS}
        cert, mail = certificate(plan.folder), plan.folder / "mail"
        prepare(mail, plan.accounts)
        store = Store(plan.folder)
        stack.callback(store.close)
        await serve_imap(stack, mail, (listeners["imap"], listeners["imaps"]), cert)
        await _serve_smtp(stack, plan, store, cert, (listeners["smtp"], listeners["smtps"]))
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        publish(plan.folder, _info(plan, ports, cert))
        print("sandbox ready: " + ", ".join(f"{name} {port}" for name, port in ports.items()), flush=True)  # noqa: T201  # its one line
        await _react_until(stop, store, mail)


async def _serve_smtp(
    stack: AsyncExitStack, plan: Plan, store: Store, cert: Certificate, listeners: tuple[socket.socket, socket.socket]
) -> None:
    context = tls_of(cert)
    handler = Handler(store, plan.pace, partial(deliver, plan.folder / "mail", leaf=SENT))
    common: dict[str, Any] = {
        "hostname": HOST_NAME,
        "authenticator": authenticator(plan.accounts),
        "auth_required": True,
        "enable_SMTPUTF8": True,
        "ident": "Outreach sandbox",
    }
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(
        lambda: SMTP(handler, tls_context=context, require_starttls=True, **common), sock=listeners[0]
    )
    secure = await loop.create_server(
        lambda: SMTP(handler, auth_require_tls=False, **common), sock=listeners[1], ssl=context
    )
    for server in (plain, secure):
        stack.callback(server.close)


async def _react_until(stop: asyncio.Event, store: Store, mail: Path) -> None:
    """Deliver what is due until the sandbox is stopped. A fault ends the sandbox: silence would look like health."""
    stopped, reactions = asyncio.create_task(stop.wait()), asyncio.create_task(_react(store, mail))
    try:
        await asyncio.wait({stopped, reactions}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stopped, reactions):
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reactions


async def _react(store: Store, mail: Path) -> None:
    while True:
        due = store.take_due(time.time())
        if due is not None:
            deliver(mail, *due)
        await asyncio.sleep(0 if due else _REACT_EVERY_S)


def _listener(plan: Plan, name: str, stack: AsyncExitStack) -> socket.socket:
    """Return a socket that listens already: nobody can take its port between choosing and serving."""
    wanted = plan.ports.get(name, 0)
    for port in [wanted] if wanted else [_port_before(plan.folder, name), 0]:
        family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
        # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer in two pieces waits
        # 40 ms for the client's acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        stack.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((plan.host, port))
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            problem = error
            continue
        return listener
    raise PortTaken(
        f"the sandbox cannot listen on {plan.host} port {wanted}: {problem}. Stop the program that uses it, or choose"
        f" another with --{name}-port (0 = any free one)"
    ) from problem


def _port_before(folder: Path, name: str) -> int:
    try:
        return int(getattr(read_world(folder), f"{name}_port"))
    except (OSError, TypeError, ValueError):
        return 0


def _info(plan: Plan, ports: Mapping[str, int], cert: Certificate) -> WorldInfo:
    return WorldInfo(
        host=plan.host,
        **{f"{name}_port": port for name, port in ports.items()},
        ca_path=str(cert.ca.resolve()),
        ca_pem=cert.ca.read_text(),
        accounts=dict(plan.accounts),
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder: two sandboxes on the same mailboxes would deliver everything twice."""
    with (folder / "sandbox.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(f"another sandbox runs in {folder}: stop it, or choose another --data") from error
        yield
