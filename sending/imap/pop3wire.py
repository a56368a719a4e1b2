"""POP3's bytes (RFC 1939): one line out, a strict answer in, everything bounded, the dialogue noted, secrets masked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

from sending.imap.wire import MAX_ANSWER, Gone, TooMuch
from sending.smtp.outcomes import Side
from sending.smtp.replies import printable
from sending.smtp.wire import MASK, Dialogue

# RFC 2449 section 4 has 512 bytes for an answer; some servers say more.
_MOST_LINE = 4096
# A line takes more memory than its bytes.
_LINE_COSTS = 100


class NoPop3(ValueError):  # what it is not
    """An answer that is none."""


class Refused(Exception):  # what the server has done
    """The server has answered -ERR; its words are in Pop3Wire.refusal."""


class Pop3Wire:
    """A connection that speaks POP3. What is said until the sign-in is over stands in the dialogue.

    refusal: the -ERR, in its words, with which the server answered the last command.
    """

    def __init__(self, sock: socket.socket, dialogue: Dialogue) -> None:
        self._sock = sock
        self._file = sock.makefile("rb")
        self._dialogue = dialogue
        self.is_noted = True
        self.refusal = ""

    @property
    def sock(self) -> socket.socket:
        return self._sock

    def secured(self, sock: socket.socket) -> None:
        """Go on over TLS: what was read before it and not used counts for nothing."""
        with suppress(OSError):
            self._file.close()
        self._sock, self._file = sock, sock.makefile("rb")
        self._dialogue.note(Side.NOTE, "The connection is protected by TLS.")

    def shutdown(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._sock.close()

    def ask(self, command: str, *, secret: str = "") -> str:
        """Say a line and return the server's words behind +OK. Raises Refused, NoPop3, Gone, TooMuch or OSError.

        secret: said behind the command, or alone where there is none, and never noted.
        """
        self._say(command, secret)
        return self.answer()

    def offer(self, command: str) -> None:
        """Say a line that the server answers with a challenge ("+")."""
        self._say(command, "")
        if not self._is_challenge():
            raise NoPop3("a yes without a question")

    def respond(self, secret: str) -> bool:
        """Answer a challenge, "" with an empty line; say whether another one came, instead of +OK."""
        self._sock.sendall(secret.encode() + b"\r\n")
        if self.is_noted:
            self._dialogue.note(Side.CLIENT, MASK if secret else "(an empty line)")
        return self._is_challenge()

    def answer(self) -> str:
        """Return the words behind +OK."""
        return self._judge(self._line())

    def lines(self, command: str) -> list[str]:
        """Return the lines of a listing."""
        self.ask(command)
        return [line.decode("ascii", "replace").strip() for line in self._content(MAX_ANSWER, line_costs=_LINE_COSTS)]

    def content(self, command: str, *, most: int) -> tuple[bytes, bool]:
        """Return a mail, cut at `most` bytes, and whether it was cut: nothing more can be asked then."""
        self.ask(command)
        content = bytearray()
        try:
            for line in self._content(most):
                content += line
        except TooMuch:
            return bytes(content), True
        return bytes(content), False

    def _content(self, most: int, *, line_costs: int = 0) -> Iterator[bytes]:
        """Yield the lines up to the dot, unstuffed, with their ends. Raises TooMuch beyond `most` bytes."""
        left = most
        while True:
            line = self._file.readline(left + 3)  # a dot more than there is room for, and the end of the line
            if not line.endswith(b"\n"):
                raise TooMuch("a text that does not end") if len(line) > left else Gone("The server hung up.")
            if line.startswith(b"."):
                if line.rstrip(b"\r\n") == b".":
                    return
                line = line[1:]
            left -= len(line) + line_costs
            if left < 0:
                raise TooMuch("a text that does not end")
            yield line

    def _say(self, command: str, secret: str) -> None:
        self.refusal = ""
        said = " ".join(filter(None, (command, secret)))
        self._sock.sendall(said.encode() + b"\r\n")
        if self.is_noted:
            self._dialogue.note(Side.CLIENT, " ".join(filter(None, (command, MASK if secret else ""))))

    def _is_challenge(self) -> bool:
        line = self._line()
        if line == b"+" or line.startswith(b"+ "):
            return True
        self._judge(line)
        return False

    def _line(self) -> bytes:
        line = self._file.readline(_MOST_LINE + 1)
        if len(line) > _MOST_LINE:
            raise TooMuch("a line that does not end")
        if self.is_noted and line:
            self._dialogue.note(Side.SERVER, line.decode("utf-8", "replace").rstrip("\r\n"))
        if not line.endswith(b"\n"):
            raise Gone("The server closed the connection.")
        return line.rstrip(b"\r\n")

    def _judge(self, line: bytes) -> str:
        status, _, words = line.partition(b" ")
        told = words.decode("utf-8", "replace").strip()
        if status.upper() == b"+OK":
            return told
        if status.upper() == b"-ERR":
            self.refusal = printable(f"-ERR {told}".strip())
            raise Refused
        raise NoPop3("neither +OK nor -ERR")
