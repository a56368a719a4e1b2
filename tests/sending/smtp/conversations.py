"""Say what happens when a message is sent to a server that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TypeVar

from outreach.kit import loops
from sending.chaos.certificates import authority
from sending.chaos.faultsmtpd import FaultServer, serving
from sending.smtp import Envelope, Outcome, Security, Server, Session, SessionError, Timeouts

T = TypeVar("T")
LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = Timeouts(connect=1, greeting=0.3, command=0.3, data=0.3, block=0.3, dot=0.3, quit=0.1)
ENVELOPE = Envelope("ada@sender.test", "bob@recipient.test")
LETTER = b"Subject: Hello\r\n\r\nDear Bob,\r\n.a line with a dot\r\n"
BASIC = ("SIZE 10485760", "8BITMIME")  # extensions of a server without pipelining


@dataclass
class Caller:
    """Counts how often it was asked, and answers yes, or as told."""

    answer: bool = True
    wait_s: float = 0.0
    blurts: bytes = b""  # what the server says meanwhile
    asked: int = 0
    bytes_seen: list[int] = field(default_factory=list)
    server: FaultServer | None = None

    async def before_dot(self) -> bool:
        self.asked += 1
        if self.server is not None:
            self.bytes_seen.append(self.server.body_bytes)
            self.server.blurt(self.blurts)
        await asyncio.sleep(self.wait_s)
        return self.answer


def plain(server: FaultServer) -> Server:
    return Server("127.0.0.1", server.port, Security.PLAIN, private=LOOPBACK)


def signed_in(server: FaultServer, security: Security = Security.PLAIN, **changes: object) -> Server:
    settings: dict[str, object] = {
        "username": "ada@sender.test",
        "password": "correct horse battery",
        "private": LOOPBACK,
        "ca_pem": authority().pem if security is not Security.PLAIN else None,
    }
    return Server("127.0.0.1", server.port, security, **(settings | changes))  # type: ignore[arg-type]


def deliver(
    server: FaultServer,
    *,
    content: bytes = LETTER,
    envelope: Envelope = ENVELOPE,
    timeouts: Timeouts = QUICK,
    caller: Caller | None = None,
) -> Outcome:
    """Open a connection, send one message, close it."""

    async def talk(session: Session) -> Outcome:
        return await session.send(envelope, content, before_dot=(caller or Caller()).before_dot)

    return in_session(server, talk, timeouts=timeouts)


def in_session(server: FaultServer, talk: Callable[[Session], Awaitable[T]], *, timeouts: Timeouts = QUICK) -> T:
    """Open a connection, hold a talk, close it."""

    async def run() -> T:
        async with serving(server):
            session = await Session.open(plain(server), timeouts=timeouts)
            try:
                return await talk(session)
            finally:
                await session.close()

    return loops.run(run())


def refused_opening(
    server: FaultServer, how: Callable[[FaultServer], Server], *, timeouts: Timeouts = QUICK
) -> Outcome:
    """Return why no connection could be opened; fails when one could."""

    async def run() -> Outcome:
        async with serving(server):
            try:
                session = await Session.open(how(server), timeouts=timeouts)
            except SessionError as error:
                return error.outcome
            await session.close()
            raise AssertionError("the connection was opened")

    return loops.run(run())
