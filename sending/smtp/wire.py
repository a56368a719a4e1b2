"""The connection under a transaction: bytes out, strict replies in, everything noted in the transcript."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from sending.smtp.outcomes import Line, Reply, Side, Transcript
from sending.smtp.replies import Malformed, ReplyParser, printable

MAX_TRANSCRIPT = 400
MASK = "********"
_MAX_TEXT = 1000
# What a server may say without being read. No honest one says more than a reply; more is never read.
_MAX_UNREAD = 65_536
# A secret shorter than this would be masked in the middle of ordinary words, and so be told by its gaps.
_SHORTEST_MASKED = 4


class Dialogue:
    """The lines of a connection; bounded, secrets never enter it. listener: hears each line as it is added."""

    def __init__(self, listener: Callable[[Line], None] | None = None) -> None:
        self._listener = listener
        self._started = time.monotonic()
        self._lines: list[Line] = []
        self._secrets: tuple[str, ...] = ()
        self._has_begun = False  # a message

    def conceal(self, *secrets: str) -> None:
        """Mask these texts from now on, whoever says them: some servers repeat what they were told."""
        known = {secret for secret in secrets if len(secret) >= _SHORTEST_MASKED}
        self._secrets = tuple(sorted(known.union(self._secrets), key=len, reverse=True))

    def masked(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def note(self, side: Side, text: str) -> None:
        """Add a line (cut at 1,000 characters); beyond 400 lines the dialogue is closed with a remark."""
        at_ms = int((time.monotonic() - self._started) * 1000)
        if len(self._lines) < MAX_TRANSCRIPT:
            self._add(Line(side, _shown(self.masked(text))[:_MAX_TEXT], at_ms))
        elif len(self._lines) == MAX_TRANSCRIPT:
            self._add(Line(Side.NOTE, "(the rest of the dialogue is not kept)", at_ms))

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        if self._listener is not None:
            self._listener(line)

    def reply(self, reply: Reply) -> Reply:
        """Add a server's answer, and return it without the secrets."""
        self.note(Side.SERVER, f"{reply.code} {reply.enhanced + ' ' if reply.enhanced else ''}{reply.text}")
        text = self.masked(reply.text)
        return reply if text == reply.text else replace(reply, text=text)

    def so_far(self) -> Transcript:
        return tuple(self._lines)

    def begin_message(self) -> None:
        """Let a message tell its own story: the first one has the opening, the next of a kept connection has not."""
        if not self._has_begun:
            self._has_begun = True
            return
        self._started = time.monotonic()
        self._lines.clear()
        self.note(Side.NOTE, "On a connection that is kept from the message before.")


def _shown(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


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
        self._gone = asyncio.Event()
        self._lost: str = ""

    @property
    def is_clean(self) -> bool:
        """Open, and nothing was said that nobody asked for."""
        return not self.is_closed and self._parser.is_empty

    @property
    def is_closed(self) -> bool:
        """Nothing will be read or written any more."""
        return bool(self._lost) or self._transport.is_closing()

    @property
    def has_unread(self) -> bool:
        """The server has said something that nobody has read."""
        return not self._parser.is_empty

    @property
    def has_unsent(self) -> bool:
        """Some of our bytes, hence the last ones, have provably not left this process."""
        return not self._lost and self._transport.get_write_buffer_size() > 0

    # -- asyncio.Protocol --
    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        if self._parser.unread > _MAX_UNREAD and not self._transport.is_closing():
            self._transport.pause_reading()  # for good: such a connection is not used again
        self._wake()

    def eof_received(self) -> None:
        self._lost = self._lost or "The server closed the connection."
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._lost or (f"The connection was lost: {exc}" if exc else "The server closed the connection.")
        self._writable.set()
        self._gone.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- ours --
    def write(self, data: bytes) -> None:
        """Hand bytes to the transport. Raises Lost, with none of them handed over, when the connection has ended."""
        if self.is_closed:
            raise Lost(self._lost or "The connection is closed.")
        self._transport.write(data)

    async def drain(self, timeout_s: float) -> None:
        """Wait until the other side takes our bytes. Raises Lost when it does not in time."""
        if self._writable.is_set():
            return
        try:
            await asyncio.wait_for(self._writable.wait(), timeout_s)
        except TimeoutError as error:
            raise Lost(f"The server took no bytes for {timeout_s:g} s.") from error

    async def read(self, timeout_s: float) -> Reply:
        """Return the next whole reply. Raises Lost or Malformed; the time bounds the whole reply, not each byte."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            reply = self._parser.take()
            if reply is not None:
                return reply
            if self._lost:
                raise Lost(self._lost)
            self._waiter = loop.create_future()
            # A timer of our own: wait_for makes a task of what is awaited, at half the cost of the whole transaction.
            timer = loop.call_at(deadline, _expire, self._waiter)
            try:
                await self._waiter
            except TimeoutError as error:
                raise Lost(f"No answer within {timeout_s:g} s.") from error
            finally:
                timer.cancel()
                self._waiter = None

    def already_said(self) -> Reply | None:
        """Return a whole reply that came unasked, None where there is none or it is none."""
        try:
            return self._parser.take()
        except Malformed:
            return None

    def abort(self) -> None:
        """End the connection at once; what has not left never does."""
        self._lost = self._lost or "The connection was given up."
        self._transport.abort()

    async def close(self, timeout_s: float) -> None:
        """End the connection and wait until it is gone.

        Under Python 3.11.2 (Debian 12) a TLS transport that is closed a second time forgets what it carries, and
        fails at everything that follows.
        """
        try:
            if not self._transport.is_closing():
                self._transport.close()
            if not self._gone.is_set():
                await asyncio.wait_for(self._gone.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            if not self._gone.is_set():
                self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


__all__ = ["MASK", "Dialogue", "Lost", "Malformed", "Wire"]
