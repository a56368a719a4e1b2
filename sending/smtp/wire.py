"""The connection under a transaction: bytes out, strict replies in, everything noted in the transcript."""

from __future__ import annotations

import asyncio
import time

from sending.smtp.outcomes import Line, Reply, Side, Transcript
from sending.smtp.replies import Malformed, ReplyParser

MAX_TRANSCRIPT = 400
_MAX_TEXT = 1000


class Dialogue:
    """The lines of a connection; bounded, secrets never enter it."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lines: list[Line] = []

    def note(self, side: Side, text: str) -> None:
        """Add a line (cut at 1,000 characters); beyond 400 lines the dialogue is closed with a remark."""
        at_ms = int((time.monotonic() - self._started) * 1000)
        if len(self._lines) < MAX_TRANSCRIPT:
            self._lines.append(Line(side, text[:_MAX_TEXT], at_ms))
        elif len(self._lines) == MAX_TRANSCRIPT:
            self._lines.append(Line(Side.NOTE, "(the rest of the dialogue is not kept)", at_ms))

    def reply(self, reply: Reply) -> None:
        """Add a server's answer."""
        self.note(Side.SERVER, f"{reply.code} {reply.enhanced + ' ' if reply.enhanced else ''}{reply.text}")

    def so_far(self) -> Transcript:
        return tuple(self._lines)

    def restart(self) -> None:
        """Forget the lines: the next message of a kept connection tells its own story."""
        self._lines.clear()
        self.note(Side.NOTE, "On a connection that is kept from the message before.")


class Lost(ConnectionError):  # what happened
    """The connection ended or fell silent before a whole reply had come."""


class Wire(asyncio.Protocol):
    """Takes a connection over after it has signed in, and reads it strictly."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._parser = ReplyParser()
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: str = ""

    @property
    def is_clean(self) -> bool:
        """Open, and nothing was said that nobody asked for."""
        return not self._lost and not self._transport.is_closing() and self._parser.is_empty

    # -- asyncio.Protocol --
    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        self._wake()

    def eof_received(self) -> None:
        self._lost = self._lost or "The server closed the connection."
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._lost or (f"The connection was lost: {exc}" if exc else "The server closed the connection.")
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- ours --
    def write(self, data: bytes) -> None:
        """Hand bytes to the transport. Raises Lost when the connection has ended."""
        if self._lost or self._transport.is_closing():
            raise Lost(self._lost or "The connection is closed.")
        self._transport.write(data)

    async def drain(self, timeout_s: float) -> None:
        """Wait until the other side takes our bytes. Raises Lost when it does not in time."""
        try:
            await asyncio.wait_for(self._writable.wait(), timeout_s)
        except TimeoutError as error:
            raise Lost(f"The server took no bytes for {timeout_s:g} s.") from error

    async def read(self, timeout_s: float) -> Reply:
        """Return the next whole reply. Raises Lost or Malformed; the time bounds the whole reply, not each byte."""
        deadline = time.monotonic() + timeout_s
        while True:
            reply = self._parser.take()
            if reply is not None:
                return reply
            if self._lost:
                raise Lost(self._lost)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._waiter, deadline - time.monotonic())
            except TimeoutError as error:
                raise Lost(f"No answer within {timeout_s:g} s.") from error

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


__all__ = ["Dialogue", "Lost", "Malformed", "Wire"]
