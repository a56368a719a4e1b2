"""A signed-in connection and the transaction on it: MAIL, RCPT, DATA, the caller's yes, the body, the dot."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NoReturn

from sending.smtp.envelope import Envelope, commands, obstacle, stuffed
from sending.smtp.opening import Opened, SessionError, open_connection
from sending.smtp.outcomes import (
    Accepted,
    Deferred,
    InDoubt,
    Line,
    Outcome,
    Phase,
    Refused,
    Reply,
    Side,
    Transcript,
    Unreachable,
    Withdrawn,
)
from sending.smtp.replies import Malformed
from sending.smtp.server import RFC5321, Server, Timeouts
from sending.smtp.wire import Dialogue, Lost, Wire

__all__ = ["Envelope", "Session", "SessionError"]

_RESET = "RSET"
_BLOCK = 65_536
# Beyond the time for one block, an upload may take a second for each of these bytes.
_SLOWEST_BYTES_PER_S = 10_000


class _Broken(Exception):  # carries an outcome up to send()
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Session:
    """One connection to a submission server, used for one message after the other."""

    def __init__(self, opened: Opened, timeouts: Timeouts, dialogue: Dialogue) -> None:
        self._timeouts = timeouts
        self._dialogue = dialogue
        self._extensions = opened.extensions
        self._pipelining = "PIPELINING" in opened.extensions
        self._wire = Wire(opened.transport)
        opened.transport.set_protocol(self._wire)
        self._used = False
        self._fresh = True
        self._needs_reset = False
        self._phase = Phase.MAIL

    @classmethod
    async def open(
        cls, server: Server, *, timeouts: Timeouts = RFC5321, listener: Callable[[Line], None] | None = None
    ) -> Session:
        """Connect and sign in, the listener told each line. Raises SessionError with the outcome and the dialogue."""
        dialogue = Dialogue(listener)
        return cls(await open_connection(server, timeouts, dialogue), timeouts, dialogue)

    @property
    def usable(self) -> bool:
        """The next message may go over this connection."""
        return self._fresh and self._wire.is_clean

    @property
    def transcript(self) -> Transcript:
        """The dialogue so far."""
        return self._dialogue.so_far()

    @property
    def phase(self) -> Phase:
        """The command of the transaction whose answer was waited for last."""
        return self._phase

    async def send(self, envelope: Envelope, content: bytes, *, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        """Deliver one message (CRLF lines).

        before_dot is awaited after 354 and before any byte of the body: False withdraws the message, and nothing of it
        leaves. Once it has left whole, anything but a definite answer is InDoubt. When before_dot raises, or this call
        is cancelled, the connection is dropped at once.
        """
        started = time.monotonic()
        self._dialogue.begin_message()
        refused = self._refused_at_home(envelope, content)
        outcome: Outcome = refused or await self._deliver(envelope, content, before_dot)
        return replace(outcome, duration_s=time.monotonic() - started)

    async def close(self) -> None:
        """Say goodbye; whatever happens now changes nothing any more."""
        try:
            if self._wire.is_clean:
                self._wire.write(b"QUIT\r\n")
                await self._wire.read(self._timeouts.quit)
        except (Lost, Malformed):
            pass
        finally:
            await self._wire.close(self._timeouts.quit)

    def _refused_at_home(self, envelope: Envelope, content: bytes) -> Refused | None:
        """Refuse what the server has said that it cannot take; it is not asked, and the connection stays as it is."""
        found = obstacle(envelope, content, self._extensions)
        if found is None:
            return None
        phase, reply = found
        return Refused(phase, reply, self._noted(reply.text), ours=True)

    async def _deliver(self, envelope: Envelope, content: bytes, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        try:
            body = stuffed(content)
        except ValueError as error:
            text = f"The message cannot be sent: {error}."
            return Refused(Phase.DATA, Reply(554, "5.6.0", text), self._noted(text), ours=True)
        reused, self._used, self._fresh = self._used, True, False
        self._phase = Phase.MAIL
        try:
            await self._invite(commands(envelope, content, self._extensions), reused=reused)
            return await self._hand_over(body, before_dot)
        except _Broken as broken:
            return broken.outcome
        except BaseException:
            self._wire.abort()
            raise

    # -- MAIL, RCPT, DATA --
    async def _invite(self, flight: list[tuple[Phase, str]], *, reused: bool) -> None:
        """Come to the 354, in one flight where the server allows it (RFC 2920). Raises _Broken with any other end."""
        if self._needs_reset:
            flight = [(Phase.MAIL, _RESET), *flight]
        if self._pipelining:
            self._say([line for _, line in flight], Phase.MAIL, stale=reused)
        refusal: tuple[Phase, Reply] | None = None
        for phase, line in flight:
            if refusal is None:
                stale = reused and phase is Phase.MAIL
                if not self._pipelining:
                    self._say([line], phase, stale=stale)
                reply = await self._answer(phase, stale=stale)
                if phase is Phase.DATA and reused and 200 <= reply.code < 300:
                    self._wire.abort()
                    text = "The kept connection had an answer too many: what it says belongs to what was asked before."
                    raise _Broken(self._unreachable(phase, "garbage", text, stale=True))
                if not self._goes_on(phase, line, reply, stale=stale):
                    refusal = (phase, reply)
            elif refusal[1].code == 421 or not await self._skip(phase):
                break
        self._needs_reset = refusal is not None
        if refusal is not None:
            self._fresh = refusal[1].code != 421
            raise _Broken(self._judged(*refusal))

    async def _skip(self, phase: Phase) -> bool:
        """Read the answer to a command that had left before the refusal came; the refusal stands, whatever it is."""
        if not self._pipelining or self._wire.is_closed:
            return False
        try:
            reply = await self._answer(phase, stale=False)
        except _Broken:
            return False
        if reply.code == 354:
            self._wire.abort()  # it invites what it has refused: an empty message might be taken for ours
        return reply.code != 421

    def _goes_on(self, phase: Phase, line: str, reply: Reply, *, stale: bool) -> bool:
        """Say whether the reply is the one that lets us go on. Raises _Broken where a kept connection is at its end."""
        is_over = reply.code == 421 or (line == _RESET and reply.code != 250)
        if stale and is_over:
            self._wire.abort()
            text = f"The kept connection is over: {reply.code} {reply.text}"
            raise _Broken(self._unreachable(phase, "lost", text, stale=True))
        return reply.code == 354 if phase is Phase.DATA else 200 <= reply.code < 300

    # -- the message itself --
    async def _hand_over(self, body: bytes, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        self._expect_silence()
        if not await before_dot():
            self._wire.abort()
            return Withdrawn(self._noted("Withdrawn before the message left."))
        self._expect_silence()
        await self._upload(body)
        try:
            reply = await self._wire.read(self._timeouts.dot)
        except (Lost, Malformed) as error:
            return self._unanswered(error)
        reply = self._dialogue.reply(reply)
        self._fresh = reply.code != 421
        if 200 <= reply.code < 300:
            return Accepted(reply, self._dialogue.so_far())
        if reply.code >= 400:
            return self._refused_after_dot(reply)
        self._wire.abort()
        return InDoubt(Phase.DOT, f"The server answered {reply.code} to the dot.", self._dialogue.so_far())

    def _refused_after_dot(self, reply: Reply) -> Outcome:
        """A refusal is definite, unless the server takes it back in the same breath: then it may have the message."""
        second = self._wire.already_said()
        if second is not None and 200 <= second.code < 300:
            self._dialogue.reply(second)
            self._wire.abort()
            text = f"The server answered twice, {reply.code} and {second.code}."
            return InDoubt(Phase.DOT, text, self._noted(text))
        return self._judged(Phase.DOT, reply)

    def _expect_silence(self) -> None:
        """Make sure that the server waits for the message. No byte of it has left yet, so that a retry is safe."""
        if self._wire.is_clean:
            return
        spoke = self._wire.has_unread
        self._wire.abort()
        text = (
            "The server spoke before the message; what it says now cannot be told from its answer."
            if spoke
            else "The connection was lost before the message left."
        )
        raise _Broken(self._unreachable(Phase.DATA, "garbage" if spoke else "lost", text, stale=False))

    async def _upload(self, body: bytes) -> None:
        """Write the body and its end. Raises _Broken while a part of it is provably still here."""
        self._dialogue.note(Side.CLIENT, f"({len(body):,} bytes: the message and the dot)")
        deadline = time.monotonic() + self._timeouts.block + len(body) / _SLOWEST_BYTES_PER_S
        for start in range(0, len(body), _BLOCK):
            if start and self._wire.has_unread:
                self._interrupted("The server spoke in the middle of the message.")
            is_last = start + _BLOCK >= len(body)
            try:
                self._wire.write(body[start : start + _BLOCK])
            except Lost as error:
                self._interrupted(str(error))
            try:
                await self._wire.drain(min(self._timeouts.block, deadline - time.monotonic()))
            except Lost as error:
                if not is_last or self._wire.has_unsent:
                    self._interrupted(str(error))

    def _interrupted(self, text: str) -> NoReturn:
        """End a transaction whose message has not left whole; a refusal that came meanwhile is definite."""
        reply = self._wire.already_said()
        self._wire.abort()
        if reply is not None:
            reply = self._dialogue.reply(reply)
            if reply.code >= 400:
                raise _Broken(self._judged(Phase.BODY, reply))
        raise _Broken(self._unreachable(Phase.BODY, "lost", text, stale=False))

    def _unanswered(self, error: Lost | Malformed) -> Outcome:
        """Judge a lost or unreadable answer to the dot: the message is in doubt, unless its end never left."""
        is_here = self._wire.has_unsent
        self._wire.abort()
        text = self._words(error)
        if is_here and isinstance(error, Lost):
            return self._unreachable(Phase.BODY, "lost", f"{text} The end of the message never left.", stale=False)
        return InDoubt(Phase.DOT, text, self._noted(text))

    # -- telling --
    def _judged(self, phase: Phase, reply: Reply) -> Outcome:
        transcript = self._dialogue.so_far()
        if 400 <= reply.code < 500:
            return Deferred(phase, reply, transcript)
        if 500 <= reply.code < 600:
            return Refused(phase, reply, transcript)
        self._wire.abort()
        return Unreachable(phase, "garbage", f"The server answered {reply.code} to {phase}.", transcript)

    def _words(self, error: Lost | Malformed) -> str:
        words = str(error) if isinstance(error, Lost) else f"What the server answered is not SMTP: {error}."
        return self._dialogue.masked(words)

    def _noted(self, text: str) -> Transcript:
        self._dialogue.note(Side.NOTE, text)
        return self._dialogue.so_far()

    def _say(self, lines: list[str], phase: Phase, *, stale: bool) -> None:
        if self._wire.has_unread:
            self._wire.abort()
            text = "The server spoke out of turn; its answers cannot be told apart any more."
            raise _Broken(self._unreachable(phase, "garbage", text, stale=stale))
        for line in lines:
            self._dialogue.note(Side.CLIENT, line)
        try:
            self._wire.write("".join(f"{line}\r\n" for line in lines).encode())
        except Lost as error:
            raise _Broken(self._unreachable(phase, "lost", str(error), stale=stale)) from error

    async def _answer(self, phase: Phase, *, stale: bool) -> Reply:
        self._phase = phase
        try:
            reply = await self._wire.read(self._timeouts.data if phase is Phase.DATA else self._timeouts.command)
        except (Lost, Malformed) as error:
            self._wire.abort()
            cause = "lost" if isinstance(error, Lost) else "garbage"
            raise _Broken(self._unreachable(phase, cause, self._words(error), stale=stale)) from error
        return self._dialogue.reply(reply)

    def _unreachable(self, phase: Phase, cause: str, text: str, *, stale: bool) -> Unreachable:
        self._dialogue.note(Side.NOTE, text)
        return Unreachable(phase, cause, text, self._dialogue.so_far(), stale=stale)
