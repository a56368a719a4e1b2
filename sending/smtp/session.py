"""A signed-in connection and the transaction on it: MAIL, RCPT, DATA, the caller's yes, the body, the dot."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sending.smtp.opening import Opened, SessionError, open_connection
from sending.smtp.outcomes import (
    Accepted,
    Deferred,
    InDoubt,
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

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>]")
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom: bare addresses. Raises ValueError for one that could smuggle a command."""

    sender: str
    recipient: str

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            if _FORBIDDEN.search(address):
                raise ValueError("an address holds a space, a control character or an angle bracket")

    @property
    def needs_utf8(self) -> bool:
        """An address goes beyond ASCII (RFC 6531)."""
        return not (self.sender.isascii() and self.recipient.isascii())


@dataclass(frozen=True, slots=True)
class _Broken(Exception):  # carries an outcome up to send()
    outcome: Outcome


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

    @classmethod
    async def open(cls, server: Server, *, timeouts: Timeouts = RFC5321) -> Session:
        """Connect and sign in. Raises SessionError with the outcome and the dialogue."""
        dialogue = Dialogue()
        return cls(await open_connection(server, timeouts, dialogue), timeouts, dialogue)

    @property
    def usable(self) -> bool:
        """The next message may go over this connection."""
        return self._fresh and self._wire.is_clean

    @property
    def transcript(self) -> Transcript:
        """The dialogue so far."""
        return self._dialogue.so_far()

    async def send(self, envelope: Envelope, content: bytes, *, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        """Deliver one message (CRLF lines).

        before_dot is awaited after 354 and before any byte of the body: False withdraws the message, and nothing of it
        leaves. After it said True, anything but a definite answer is InDoubt.
        """
        reused, self._used, self._fresh = self._used, True, False
        if reused:
            self._dialogue.restart()
        try:
            self._admit(envelope, content)
            await self._invite(envelope, content, reused=reused)
            return await self._body(content, before_dot)
        except _Broken as broken:
            return broken.outcome

    async def close(self) -> None:
        """Say goodbye; whatever happens now changes nothing any more."""
        if self._wire.is_clean:
            try:
                self._wire.write(b"QUIT\r\n")
                await self._wire.read(self._timeouts.quit)
            except (Lost, Malformed):
                pass
        self._wire.close()

    def _admit(self, envelope: Envelope, content: bytes) -> None:
        """Refuse at home what the server has said that it will refuse."""
        size = self._extensions.get("SIZE", "")
        if size.isdecimal() and 0 < int(size) < len(content):
            text = f"The message has {len(content):,} bytes; the server takes {int(size):,}."
            self._give_up(Refused(Phase.MAIL, Reply(552, "5.3.4", text), self._noted(text)))
        if envelope.needs_utf8 and "SMTPUTF8" not in self._extensions:
            text = "The address needs SMTPUTF8 (RFC 6531), which the mailbox's server does not offer."
            self._give_up(Refused(Phase.RCPT, Reply(553, "5.6.7", text), self._noted(text)))

    def _give_up(self, outcome: Outcome) -> None:
        self._fresh = True
        raise _Broken(outcome)

    def _noted(self, text: str) -> Transcript:
        self._dialogue.note(Side.NOTE, text)
        return self._dialogue.so_far()

    async def _invite(self, envelope: Envelope, content: bytes, *, reused: bool) -> None:
        """Come to the 354: MAIL, RCPT and DATA, in one flight where the server allows it (RFC 2920)."""
        parameters = f" SIZE={len(content)}" if "SIZE" in self._extensions else ""
        parameters += " SMTPUTF8" if envelope.needs_utf8 else ""
        commands = (
            (Phase.MAIL, f"MAIL FROM:<{envelope.sender}>{parameters}"),
            (Phase.RCPT, f"RCPT TO:<{envelope.recipient}>"),
            (Phase.DATA, "DATA"),
        )
        if self._pipelining:
            self._say([line for _, line in commands], Phase.MAIL, reused=reused)
        first_refusal: tuple[Phase, Reply] | None = None
        for phase, line in commands:
            if not self._pipelining:
                if first_refusal:
                    break
                self._say([line], phase, reused=reused and phase is Phase.MAIL)
            reply = await self._answer(phase, reused=reused and phase is Phase.MAIL)
            if phase is Phase.DATA and first_refusal is not None:
                await self._decline(reply)
            elif first_refusal is None and not _goes_on(phase, reply):
                first_refusal = (phase, reply)
        if first_refusal is not None:
            await self._reset_after(*first_refusal)

    async def _decline(self, reply: Reply) -> None:
        """The server invites although it refused the recipient: an empty message, and its answer is not ours."""
        if reply.code == 354:
            self._say(["."], Phase.DATA, reused=False)
            await self._answer(Phase.DATA, reused=False)

    async def _reset_after(self, phase: Phase, reply: Reply) -> None:
        """Clear the transaction so that the connection can be kept, then tell what was refused."""
        if reply.code != 421:
            try:
                self._say(["RSET"], phase, reused=False)
                self._fresh = (await self._answer(phase, reused=False)).code == 250
            except _Broken:
                self._fresh = False
        raise _Broken(self._judged(phase, reply))

    def _judged(self, phase: Phase, reply: Reply) -> Outcome:
        transcript = self._dialogue.so_far()
        if 400 <= reply.code < 500:
            return Deferred(phase, reply, transcript)
        if 500 <= reply.code < 600:
            return Refused(phase, reply, transcript)
        self._wire.abort()
        return Unreachable(phase, "garbage", f"The server answered {reply.code} to {phase}.", transcript)

    async def _body(self, content: bytes, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        if not self._wire.is_clean:
            self._wire.abort()
            text = "The server spoke before the message; what it says now cannot be told from its answer."
            return Unreachable(Phase.DATA, "garbage", text, self._noted(text))
        if not await before_dot():
            self._wire.abort()
            return Withdrawn(self._noted("Withdrawn before the message left."))
        try:
            self._wire.write(stuffed(content))
            self._dialogue.note(Side.CLIENT, f"({len(content):,} bytes of the message, then the dot)")
            await self._wire.drain(self._timeouts.block + len(content) / 10_000)
            reply = await self._wire.read(self._timeouts.dot)
        except (Lost, Malformed) as error:
            self._wire.abort()
            return InDoubt(Phase.DOT, str(error), self._noted(str(error)))
        self._dialogue.reply(reply)
        transcript = self._dialogue.so_far()
        self._fresh = reply.code != 421
        if 200 <= reply.code < 300:
            return Accepted(reply, transcript)
        if reply.code >= 400:
            return self._judged(Phase.DOT, reply)
        self._wire.abort()
        return InDoubt(Phase.DOT, f"The server answered {reply.code} to the dot.", transcript)

    def _say(self, lines: list[str], phase: Phase, *, reused: bool) -> None:
        for line in lines:
            self._dialogue.note(Side.CLIENT, line)
        try:
            self._wire.write("".join(f"{line}\r\n" for line in lines).encode())
        except Lost as error:
            raise _Broken(self._unreachable(phase, "lost", str(error), stale=reused)) from error

    async def _answer(self, phase: Phase, *, reused: bool) -> Reply:
        try:
            reply = await self._wire.read(self._timeouts.data if phase is Phase.DATA else self._timeouts.command)
        except Lost as error:
            self._wire.abort()
            raise _Broken(self._unreachable(phase, "lost", str(error), stale=reused)) from error
        except Malformed as error:
            self._wire.abort()
            raise _Broken(self._unreachable(phase, "garbage", f"Not SMTP: {error}.", stale=False)) from error
        self._dialogue.reply(reply)
        return reply

    def _unreachable(self, phase: Phase, cause: str, text: str, *, stale: bool) -> Unreachable:
        self._dialogue.note(Side.NOTE, text)
        return Unreachable(phase, cause, text, self._dialogue.so_far(), stale=stale)


def _goes_on(phase: Phase, reply: Reply) -> bool:
    return reply.code == 354 if phase is Phase.DATA else 200 <= reply.code < 300


def stuffed(content: bytes) -> bytes:
    """Return the body as it goes over the wire: dots doubled at line starts, ended by the dot (RFC 5321 4.5.2).

    Raises ValueError for a bare CR or LF, a NUL, or a line over 998 bytes: such bytes are read differently by different
    servers, which is how one message becomes two.
    """
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    plain = content.replace(b"\r\n", b"")
    if b"\r" in plain or b"\n" in plain or b"\0" in content:
        raise ValueError("a bare CR, a bare LF or a NUL in a message")
    if max(map(len, content.split(b"\r\n"))) > 998:
        raise ValueError("a line of more than 998 bytes")
    return _LEADING_DOT.sub(b"..", content) + b".\r\n"
