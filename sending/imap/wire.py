"""imaplib on a connection that was made by us: answers bounded, the dialogue noted, secrets masked."""

from __future__ import annotations

import imaplib
import io
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sending.smtp.outcomes import Side
from sending.smtp.replies import printable
from sending.smtp.tokens import xoauth2
from sending.smtp.wire import MASK, Dialogue

# What one command may bring: room for the UIDs of a million mails in one line (imaplib alone stops at a million bytes).
MAX_ANSWER = 8 * 1024 * 1024
# A line takes more memory than its bytes.
_LINE_COSTS = 100
# What tells that mails have come or gone.
_CHANGES = frozenset({"EXISTS", "RECENT", "EXPUNGE", "VANISHED"})
_TAG = re.compile(r"\A[A-P]{4}[0-9]+ ")
_REFUSAL = re.compile(rb"\A(?:\*|[A-P]{4}[0-9]+) ((?:NO|BAD|BYE)\b.*)", re.IGNORECASE | re.DOTALL)


class Gone(ConnectionError):  # what happened
    """The server closed the connection."""


class TooMuch(ConnectionError):  # what happened
    """The server says more than anybody asked for."""


class Wire(imaplib.IMAP4):
    """The protocol under IMAPClient. What is said until the sign-in is over stands in the dialogue.

    refusal: the NO, BAD or BYE, in its words, with which the server answered the last command.
    """

    def __init__(self, sock: socket.socket, host: str, dialogue: Dialogue) -> None:
        self._given = sock
        self._dialogue = dialogue
        self._is_noted = True
        self._is_safe = False
        self._is_secret = False
        self._most = self._left = MAX_ANSWER
        self._idles: Any = b""
        self.refusal = ""
        super().__init__(host=host)  # the name that STARTTLS verifies

    def greet(self) -> None:
        """Read the greeting and what the server can do. Raises imaplib's errors, as every command does."""
        super()._connect()  # type: ignore[misc]  # a hook of imaplib since Python 3.8 that its types do not name

    def sign_in(self, username: str, password: str, *, sasl: bool) -> None:
        """Sign in, by AUTHENTICATE PLAIN or by LOGIN."""
        self._is_secret = True
        try:
            if sasl:
                self.authenticate("PLAIN", lambda _: f"\0{username}\0{password}".encode())
            else:
                # As bytes: beyond ASCII most servers read UTF-8. imaplib would not quote the name.
                self._log_in(_quoted(username), _quoted(password))
        finally:
            self._is_secret = False
        self._is_noted = False

    def sign_in_with_token(self, username: str, token: str, *, at_once: bool) -> None:
        """Sign in by AUTHENTICATE XOAUTH2; at_once: the token goes with the command (SASL-IR, RFC 4959).

        A refusal comes as a challenge that wants an empty answer, and only then as a NO.
        """
        said = [xoauth2(username, token).encode()]
        first = [b64encode(said.pop()).decode()] if at_once else []
        self._is_secret = True
        try:
            # imaplib's `authenticate` knows no initial response. What it hangs in here answers the server's "+".
            answers = imaplib._Authenticator(lambda _: said.pop() if said else b"")  # noqa: SLF001
            self.literal = answers.process  # type: ignore[assignment]  # a function, whatever the stubs say
            kind, answer = self._simple_command("AUTHENTICATE", "XOAUTH2", *first)
            if kind != "OK":
                raise self.error(answer[-1])
            self.state = "AUTH"
        finally:
            self._is_secret = False
        self._is_noted = False

    @contextmanager
    def expecting(self, size: int) -> Iterator[None]:
        """Let each answer meanwhile bring `size` bytes on top of the usual."""
        self._most = MAX_ANSWER + size
        try:
            yield
        finally:
            self._most = MAX_ANSWER

    def list_with_use(self) -> tuple[str, list[Any]]:
        """List all folders with their special use (RFC 5258, 6154)."""
        kind, answer = self._simple_command("LIST", '""', '"*"', "RETURN", "(SPECIAL-USE)")
        kind, answer = self._untagged_response(kind, answer, "LIST")
        return kind, answer

    def idle(self) -> None:
        """Let the server speak unasked (RFC 2177) until `done`."""
        self._idles = self._command("IDLE")
        while self._get_response() is not None:  # None: its "+"
            self._require_idle()

    def hear(self) -> bool:
        """Wait for the next line that the server says unasked; say whether mails have come or gone."""
        self._left = self._most
        self._get_response()
        self._require_idle()
        heard = _CHANGES & set(self.untagged_responses)
        self.forget()
        return bool(heard)

    def done(self) -> bool:
        """End what `idle` has begun; say whether mails have come or gone. A dead connection shows here."""
        tag, self._idles = self._idles, b""
        self.send(b"DONE\r\n")
        while not self.tagged_commands[tag]:
            self._get_response()
        kind, answer = cast("tuple[str, list[bytes]]", self.tagged_commands.pop(tag))
        if kind != "OK":
            raise self.error(answer[-1])
        heard = _CHANGES & set(self.untagged_responses)
        self.forget()
        return bool(heard)

    @property
    def has_more(self) -> bool:
        """Whether the server has said something that nobody has read. Raises Gone where it has hung up."""
        timeout, reader = self.sock.gettimeout(), cast("io.BufferedReader", self.file)
        self.sock.settimeout(0)
        try:
            if reader.peek(1):
                return True
            if isinstance(self.sock, ssl.SSLSocket) or not self.sock.recv(1, socket.MSG_PEEK):
                raise Gone("The server closed the connection.")
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self.sock.settimeout(timeout)
        return True

    def _require_idle(self) -> None:
        ended = cast("tuple[str, list[bytes]] | None", self.tagged_commands.get(self._idles))
        if ended:
            raise self.error(ended[1][-1])

    def forget(self) -> None:
        """Forget what the server said unasked, so that it cannot pile up; a goodbye is kept."""
        for kind in set(self.untagged_responses) - {"BYE"}:
            del self.untagged_responses[kind]

    def _log_in(self, username: bytes, password: bytes) -> None:
        kind, answer = self._simple_command("LOGIN", username, password)
        if kind != "OK":
            raise self.error(answer[-1])
        self.state = "AUTH"

    def _note_tls(self) -> None:
        if not self._is_safe and isinstance(self.sock, ssl.SSLSocket):
            self._is_safe = True
            self._dialogue.note(Side.NOTE, "The connection is protected by TLS.")

    # -- imaplib's hooks --
    def _create_socket(self, timeout: float | None = None) -> socket.socket:  # noqa: ARG002
        return self._given

    def _connect(self) -> None:
        """Leave it to `greet`: whoever made this object can then tell what the server said instead of a greeting."""

    def send(self, data: Any) -> None:
        self._left = self._most
        self.refusal = ""
        self._note_tls()
        if self._is_noted and (said := _said(data)):
            self._dialogue.note(Side.CLIENT, _masked(said) if self._is_secret else said)
        super().send(data)

    def readline(self) -> bytes:
        self._note_tls()
        line = cast("bytes", self.file.readline(max(0, self._left) + 1))
        if len(line) > max(0, self._left):
            raise TooMuch("an answer that does not end")
        self._left -= len(line) + _LINE_COSTS
        if self._is_noted and line:
            self._dialogue.note(Side.SERVER, _said(line))
        if found := _REFUSAL.match(line):
            self.refusal = printable(_said(found[1]))
        if not line.endswith(b"\n"):
            raise Gone("The server closed the connection.")
        return line

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise TooMuch(f"{size} bytes at once")
        self._left -= size
        content = cast("bytes", self.file.read(size))
        if len(content) < size:
            raise Gone("The server closed the connection.")
        return content


def escaped(text: str) -> str:
    """Return the text as it stands between the quotes of a quoted string (RFC 9051 section 4.3)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> bytes:
    return f'"{escaped(text)}"'.encode()


def _masked(said: str) -> str:
    if said.startswith("AUTHENTICATE "):  # the name of the mechanism is no secret; what follows is
        return " ".join([*said.split(" ")[:2], *([MASK] if said.count(" ") > 1 else [])])
    return f"LOGIN {MASK}" if said.startswith("LOGIN ") else MASK


def _said(data: bytes) -> str:
    return _TAG.sub("", data.decode("utf-8", "replace").rstrip("\r\n"))
