"""The end of a connection, also with the transports of the oldest Python that runs us."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from outreach.kit import loops
from sending.smtp.wire import Wire


class OldTlsTransport:
    """As in Python 3.11.2 (Debian 12): a second close() forgets the connection, and abort() fails after it."""

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self.calls: list[str] = []
        self._closed = self._forgotten = False

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self.calls.append("close")
        self._forgotten = self._closed
        self._closed = True

    def abort(self) -> None:
        self.calls.append("abort")
        if self._forgotten:
            raise AttributeError("'NoneType' object has no attribute '_abort'")
        self._closed = True
        assert self.wire
        asyncio.get_running_loop().call_soon(self.wire.connection_lost, None)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("nothing", ["close", "abort"]),  # the other side does not answer the goodbye of TLS
        ("abort", ["abort"]),
        ("lost", []),
        ("closing", ["abort"]),
    ],
)
def test_connection_is_closed_once_and_given_up_only_while_it_is_there(before: str, expected: list[str]) -> None:
    transport = OldTlsTransport()

    async def scenario() -> None:
        wire = transport.wire = Wire(cast("asyncio.Transport", transport))
        match before:
            case "abort":
                wire.abort()
            case "lost":
                transport._closed = True
                wire.connection_lost(None)
            case "closing":
                transport._closed = True
        await wire.close(0.05)
        assert wire.is_closed

    loops.run(scenario())
    assert transport.calls == expected
