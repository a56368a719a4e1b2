"""A scripted SMTP server on 127.0.0.1 that fails as told: closes, resets, hangs, drips, lies, accepts and dies.

A script maps a step to an act, or to a list of acts for its first, second, ... time; what is not scripted goes well.
The steps: banner, tls, ehlo, starttls, auth, challenge, mail, rcpt, data, invited (354 is said), first (a line of the
message is here), body (BODY_STEP bytes are), dot, answered (the answer to the dot is said), rset, quit. `accepted`
holds what the server took, written down (and fsynced into `log`, if there is one) before the reply leaves, as a real
server does. Who wants to know where a client stands overrides `reached`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# How much of a message the server reads before the step "body".
BODY_STEP = 100_000


@dataclass(frozen=True, slots=True)
class Act:
    """What the server does at a step: says bytes, then goes on, closes, resets the connection or falls silent.

    takes: whether the message counts as accepted at the dot; None = when it says 2xx.
    """

    raw: bytes = b""
    then: Literal["go", "close", "cut", "reset", "hang"] = "go"
    every_s: float = 0.0
    takes: bool | None = None


def say(raw: bytes, *, takes: bool | None = None) -> Act:
    return Act(raw, takes=takes)


def drip(raw: bytes, *, every_s: float, takes: bool | None = None) -> Act:
    return Act(raw, every_s=every_s, takes=takes)


def close(raw: bytes = b"", *, takes: bool | None = None) -> Act:
    return Act(raw, "close", takes=takes)


def cut(raw: bytes = b"", *, takes: bool | None = None) -> Act:
    """Say it, give it time to arrive, and drop the connection without the goodbye of TLS."""
    return Act(raw, "cut", takes=takes)


def reset(raw: bytes = b"", *, takes: bool | None = None) -> Act:
    return Act(raw, "reset", takes=takes)


def hang(raw: bytes = b"", *, takes: bool | None = None) -> Act:
    return Act(raw, "hang", takes=takes)


Script = Mapping[str, Act | Sequence[Act]]

_NOTHING = say(b"")
_DEFAULTS = {
    "banner": say(b"220 faults.test ESMTP\r\n"),
    "starttls": say(b"220 go ahead\r\n"),
    "auth": say(b"235 2.7.0 welcome\r\n"),
    "mail": say(b"250 2.1.0 ok\r\n"),
    "rcpt": say(b"250 2.1.5 ok\r\n"),
    "data": say(b"354 go on\r\n"),
    "dot": say(b"250 2.0.0 taken\r\n"),
    "rset": say(b"250 2.0.0 ok\r\n"),
    "quit": close(b"221 2.0.0 bye\r\n"),
}


class _Over(Exception):
    """The script has ended the connection."""


@dataclass
class FaultServer:
    """See the module. tls: used for STARTTLS, or from the first byte when `implicit`."""

    script: Script = field(default_factory=dict)
    extensions: Sequence[str] = ("PIPELINING", "SIZE 10485760", "8BITMIME", "AUTH PLAIN LOGIN XOAUTH2")
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    log: Path | None = None
    narrow: bool = False  # holds little of what it has not read: its window closes when it stops reading
    port: int = 0
    accepted: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)  # of all connections, in order
    body_bytes: int = 0  # of messages that were not finished, too
    connections: int = 0

    def __post_init__(self) -> None:
        self._visits: Counter[str] = Counter()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await _Conversation(self, reader, writer).run()
        except (_Over, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    def blurt(self, raw: bytes) -> None:
        """Say something on every open connection, out of turn."""
        for writer in self._writers:
            writer.write(raw)

    async def reached(self, step: str, port: int) -> None:
        """Be told that the client at this port of its own has come to a step, before the server acts."""

    def act(self, step: str) -> Act:
        """Return what to do at this visit of the step."""
        default = _DEFAULTS.get(step, _NOTHING)
        scripted = self.script.get(step, default)
        if isinstance(scripted, Act):
            return scripted
        visit = self._visits[step]
        self._visits[step] += 1
        return scripted[visit] if visit < len(scripted) else default

    def take(self, body: bytes) -> None:
        if self.log is not None:
            with self.log.open("ab") as file:
                file.write(body.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\x00") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self.accepted.append(body)

    async def wait_over(self) -> None:
        await self._over.wait()

    async def finish(self) -> None:
        self._over.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Conversation:
    def __init__(self, server: FaultServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._is_open = server.implicit
        self._port = int((writer.get_extra_info("peername") or ("", 0))[1])  # 0: it was gone before we looked

    async def run(self) -> None:
        if self._server.implicit:
            await self._start_tls()
        await self._come_to("banner")
        while line := await self._reader.readline():
            command = line.decode("utf-8", "replace").strip()
            self._server.commands.append(command)
            await self._answer(command)

    async def _answer(self, command: str) -> None:
        verb = command.partition(" ")[0].upper()
        match verb:
            case "EHLO":
                await self._come_to("ehlo")
            case "STARTTLS":
                await self._come_to("starttls")
                await self._start_tls()
            case "AUTH":
                await self._sign_in(command)
            case "DATA":
                if (await self._come_to("data")).raw.startswith(b"354"):
                    await self._come_to("invited")
                    await self._message()
            case "MAIL" | "RCPT" | "RSET" | "QUIT":
                await self._come_to(verb.lower())
            case _:
                await self._do(say(b"500 5.5.1 what?\r\n"))

    async def _come_to(self, step: str) -> Act:
        """Do what stands in the script for a step, and say what it was."""
        await self._server.reached(step, self._port)
        act = self._server.act(step)
        if step == "ehlo" and act is _NOTHING:
            act = self._hello()
        await self._do(act)
        return act

    def _hello(self) -> Act:
        lines = ["faults.test", *self._server.extensions]
        if self._server.tls is not None and not self._is_open:
            lines.append("STARTTLS")
        last = len(lines) - 1
        return say("".join(f"250{' ' if n == last else '-'}{line}\r\n" for n, line in enumerate(lines)).encode())

    async def _sign_in(self, command: str) -> None:
        if command.upper().startswith("AUTH LOGIN") and "auth" not in self._server.script:
            await self._do(say(b"334 UGFzc3dvcmQ6\r\n"))
            self._server.commands.append((await self._reader.readline()).decode().strip())
        act = await self._come_to("auth")
        if act.raw.startswith(b"334") and "challenge" in self._server.script:
            await self._reader.readline()
            await self._do(self._server.act("challenge"))

    async def _message(self) -> None:
        body = bytearray()
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                raise _Over
            if not body:
                await self._come_to("first")
            body += line
            self._server.body_bytes += len(line)
            if len(body) - len(line) <= BODY_STEP < len(body):
                await self._come_to("body")
        await self._server.reached("dot", self._port)
        act = self._server.act("dot")
        takes = act.raw.startswith(b"2") if act.takes is None else act.takes
        if takes:
            self._server.take(bytes(body))
        await self._do(act)
        await self._come_to("answered")

    async def _start_tls(self) -> None:
        await self._come_to("tls")
        assert self._server.tls is not None
        await self._writer.start_tls(self._server.tls, ssl_handshake_timeout=5)
        self._is_open = True

    async def _do(self, act: Act) -> None:
        if act.every_s:
            for byte in act.raw:
                self._writer.write(bytes([byte]))
                await asyncio.sleep(act.every_s)
        elif act.raw:
            self._writer.write(act.raw)
            await self._writer.drain()
        match act.then:
            case "close":
                self._writer.close()
                raise _Over
            case "cut":
                await asyncio.sleep(0.05)
                self._writer.transport.abort()
                raise _Over
            case "reset":
                sock = self._writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._writer.transport.abort()
                raise _Over
            case "hang":
                await self._server.wait_over()
                raise _Over


@contextlib.asynccontextmanager
async def serving(server: FaultServer) -> AsyncIterator[FaultServer]:
    """Run the server in this loop while the block lasts; its port is in server.port."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if server.narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.bind(("127.0.0.1", server.port))
    listener = await asyncio.start_server(server.serve, sock=sock, limit=1 << 14 if server.narrow else 1 << 20)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.finish()
        await listener.wait_closed()


@contextlib.contextmanager
def serving_in_thread(server: FaultServer) -> Iterator[FaultServer]:
    """Run the server in a thread of its own, for callers without a loop."""
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with serving(server):
            started.set()
            await stop.wait()

    def work() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(run())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    if not started.wait(5):
        raise RuntimeError("the fault server did not start")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
