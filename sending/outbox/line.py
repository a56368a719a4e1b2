"""A mailbox's connection: opened when it is needed, kept while it is clean, never waited for without an end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from sending.outbox.jobs import Job
from sending.smtp import Envelope, Outcome, Phase, Server, Session, SessionError, Unreachable, Withdrawn, token_of
from sending.smtp import Line as Said

log = logging.getLogger(__name__)

# From the connection to the mark nothing is lost by giving up, and whoever waits holds a worker: less than the five
# minutes that RFC 5321 section 4.5.3.2 allows each step. After the mark the answer has all the time it wants.
BEFORE_DOT_S = 60.0
# A pause longer than this gives the connection back to the server.
_KEEP_S = 1.0


class Line:
    """Sends one message after the other from one mailbox."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: Session | None = None
        self._opening: list[Said] = []  # what was said while the connection was opened last
        self._before_mark: asyncio.Timeout | None = None  # while a message is on its way to the mark
        self._is_called_back = False

    def call_back(self) -> None:
        """Let nothing pass the mark from now on: what has passed it goes on, anything else ends as Withdrawn."""
        self._is_called_back = True
        if self._before_mark is not None:
            with contextlib.suppress(RuntimeError):  # its time is over this very moment
                self._before_mark.reschedule(asyncio.get_running_loop().time())

    async def send(self, job: Job, *, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        """Deliver one message. A kept connection that died while idle is replaced once, uncharged.

        A fault of our own before the mark ends the attempt as a lost connection does, so that a message that brings it
        each time comes to an end; from the mark on, it goes up.
        """
        reused, is_at_the_mark = self._session is not None, False

        async def mark() -> bool:
            nonlocal is_at_the_mark
            is_at_the_mark = True
            return await before_dot()

        try:
            outcome = await self._in_time(job, mark)
            if reused and isinstance(outcome, Unreachable) and outcome.stale:
                outcome = await self._in_time(job, mark)
        except Exception as error:
            if is_at_the_mark:
                raise
            log.exception("outbox.fault message=%s", job.letter.pk)
            return await self._failed(error)
        return outcome

    async def _in_time(self, job: Job, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        """Deliver one message, whose server has BEFORE_DOT_S to come to the 354."""
        try:
            async with asyncio.timeout(BEFORE_DOT_S) as limit:
                self._before_mark = limit

                async def mark() -> bool:
                    self._before_mark = None
                    limit.reschedule(None)
                    return not self._is_called_back and await before_dot()

                return await self._try(job, mark)
        except TimeoutError:
            if not limit.expired():
                raise  # it is none of ours, and may come from behind the mark
            return self._given_up()
        finally:
            self._before_mark = None

    def _given_up(self) -> Outcome:
        """Say how far the server came. The session has dropped its connection; nothing of the message has left."""
        session, self._session = self._session, None
        if self._is_called_back:
            return Withdrawn()
        text = f"The server did not come to the point within {BEFORE_DOT_S:g} s."
        if session is None:
            return Unreachable(Phase.CONNECT, "timeout", text, tuple(self._opening))
        return Unreachable(session.phase, "timeout", text, session.transcript)

    async def _failed(self, error: Exception) -> Outcome:
        """Say that the program failed at the message, or at opening a connection for it. Nothing of it has left."""
        text = f"The program failed at it ({type(error).__name__}); its log says more."
        if self._session is None:
            return Unreachable(Phase.CONNECT, "fault", text, tuple(self._opening))
        transcript = self._session.transcript
        await self.close()
        return Unreachable(Phase.DATA, "fault", text, transcript)

    async def _try(self, job: Job, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        if self._session is None:
            self._opening.clear()
            try:
                self._session = await Session.open(self._server, listener=self._hear)
            except SessionError as error:
                return error.outcome
        envelope = Envelope(sender=job.sender, recipient=job.recipient, envelope_id=token_of(job.letter.message_id))
        outcome = await self._session.send(envelope, job.content, before_dot=before_dot)
        if not self._session.usable:
            await self.close()
        return outcome

    def _hear(self, said: Said) -> None:
        """Keep a line of the opening: where that is given up, nobody else knows how far it came."""
        if self._session is None:
            self._opening.append(said)

    async def rest(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait for the next message, or for the end."""
        if seconds > _KEEP_S:
            await self.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.005)):
                await stop.wait()

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
