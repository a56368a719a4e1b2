"""Loopback ports: a free one, a taken one, one that answers."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Callable

from outreach.embedded.faults import NoAccess, PortTaken, StartFailed
from outreach.embedded.process import Child, Probe, Say, Service

LOOPBACK = "127.0.0.1"
_TRIES = 5
_PATIENCE_S = 5.0


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def start_on_free_port(service_at: Callable[[int], Service], say: Say) -> tuple[Child, int]:
    """Start the service on a free port; take another when a program was faster to listen there.

    Raises StartFailed.
    """
    for attempt in range(1, _TRIES + 1):
        port = free_port()
        child = Child(service_at(port), say)
        try:
            await child.start()
        except StartFailed as failure:
            if attempt == _TRIES or not failure.port_was_taken:
                raise
        else:
            return child, port
    raise AssertionError("the last try returns or raises")


def check_port(host: str, port: int) -> None:
    """Raise PortTaken or NoAccess when the web server could not listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's TIME_WAIT is no listener
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from error
            raise NoAccess(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.") from error


def answers(port: int, *, host: str = LOOPBACK, send: bytes, expect: re.Pattern[bytes]) -> Probe:
    """Return a probe: connect, send, and see whether expect is found in the reply."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await _dialogue(host, port, send, expect)
        except (OSError, TimeoutError):
            return False

    return probe


def serves_pages(host: str, port: int) -> Probe:
    """Return a probe that is true once the web server answers with anything but a fault of its own (5xx)."""
    request = f"HEAD /healthz HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
    return answers(port, host=reached_at(host), send=request.encode(), expect=re.compile(rb"^HTTP/1\.1 [1-4]"))


def reached_at(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on host."""
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104  "every address" is no address to go to


async def _dialogue(host: str, port: int, send: bytes, expect: re.Pattern[bytes]) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(send)
        await writer.drain()
        reply = b""
        while chunk := await reader.read(1024):
            reply += chunk
            if expect.search(reply):
                return True
        return False
    finally:
        writer.close()
