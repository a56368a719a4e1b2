"""What reading over IMAP and over POP3 have in common: connect, TLS, the token, and each failure told apart."""

from __future__ import annotations

import re
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from outreach.kit.connect import ConnectProblem, is_private, safe_connect_sync
from outreach.kit.watch import Watch
from sending.imap.account import PORTS, Account, ImapError, Misbehaved, SignInRefused, Stage, Unreachable
from sending.imap.wire import TooMuch, escaped
from sending.smtp.client import forms_of
from sending.smtp.outcomes import Line as Said
from sending.smtp.outcomes import Side
from sending.smtp.replies import printable
from sending.smtp.server import Security, connect_cause, is_sayable, tls_context, tls_trouble
from sending.smtp.tokens import BlockingTokens, TokenRefused, TokenUnavailable
from sending.smtp.wire import Dialogue

# RFC 5530 and 3206, and words by which Gmail, Yahoo, Microsoft and Dovecot say it (observed 2026): the password is not
# to blame.
BUSY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|IN-USE|LOGIN-DELAY|SYS/TEMP)\]"
    r"|too many|temporar|try again|rate limit|not connected",
    re.IGNORECASE,
)
_MOST_WORDS = 400
# Asked after a minute of silence, then every 20 s; given up after the third silence.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))
_GOODBYE_S = 5.0


class _Speaks(Protocol):
    """What both protocols' wires have. refusal: the words with which the server has refused the last command."""

    refusal: str

    @property
    def sock(self) -> socket.socket: ...

    def shutdown(self) -> None:
        """End the connection."""


_Wire = TypeVar("_Wire", bound=_Speaks)


class Line(ABC, Generic[_Wire]):
    """A connection to one mailbox, and what is told about it when it fails.

    stale: a token that the server has just refused.
    """

    nonsense: ClassVar[tuple[type[Exception], ...]]  # what a lost connection, and an answer that is none, raise
    others: ClassVar[tuple[tuple[str, str, str], ...]]  # how other servers greet, the cause that is, and who they are
    protocol: ClassVar[str]  # its name for people
    _wire: _Wire | None = None

    def __init__(
        self, account: Account, *, timeout_s: float, most_s: float, dialogue: Dialogue, stale: str = ""
    ) -> None:
        self.dialogue = dialogue
        self.dialogue.conceal(*_forms_of(account.username, account.password))
        self.token = ""  # what we signed in with
        self.failed = False
        self.stage = Stage.CONNECT
        self._stale = stale
        self._account = account
        self._timeout_s = timeout_s
        self._watch = Watch(most_s)

    @property
    def wire(self) -> _Wire:
        assert self._wire is not None
        return self._wire

    @property
    def refusal(self) -> str:
        """The words with which the server has refused the last command, "" where it has not."""
        return self._wire.refusal[:_MOST_WORDS] if self._wire is not None else ""

    @abstractmethod
    def open(self) -> None:
        """Connect and sign in. Raises ImapError; close() must follow in any case."""

    def close(self) -> None:
        """Sign out where that is possible, and end the connection."""
        if self._wire is not None:
            with suppress(*self.nonsense):
                if self.stage is Stage.READING and not self.failed:
                    self._wire.sock.settimeout(_GOODBYE_S)
                    self._say_goodbye()
            with suppress(OSError):
                self._wire.shutdown()
        self._watch.end()

    @abstractmethod
    def _say_goodbye(self) -> None: ...

    @contextmanager
    def told(self, about: str = "") -> Iterator[None]:
        """Tell what is raised inside as ImapErrors; `about` names what was asked for."""
        try:
            yield
        except ImapError:
            self.failed = True
            raise
        except self.nonsense as error:
            self.failed = True
            raise self._problem(error, about) from error

    def rest(self) -> None:
        """Watch over the connection no more: nothing is asked of the server meanwhile."""
        self._watch.rest()

    def watch_again(self, most_s: float) -> None:
        """Watch over the connection for most_s from now on."""
        self._watch.again(most_s)

    def misbehaved(self, words: str, cause: str = "garbage") -> ImapError:
        """Return the error for an answer that no server should give."""
        return self._error(Misbehaved, cause, words)

    # -- opening --
    def _dial(self) -> socket.socket:
        """Return a connected socket, over TLS where that is spoken from the first byte."""
        account = self._account
        context = None if account.security is Security.PLAIN else self._tls_context()
        sock = safe_connect_sync(
            account.host,
            account.port,
            ports=PORTS[account.protocol],
            private=account.private,
            timeout_s=min(self._timeout_s, self._watch.left_s),
        )
        sock.settimeout(self._timeout_s)
        _keep_alive(sock)
        try:
            self._watch.begin(sock)
            self.dialogue.note(Side.NOTE, f"Connected to {account.host} on port {account.port}.")
            self._refuse_open_line(sock)
            if context is not None and account.security is Security.TLS:
                self.stage = Stage.TLS
                sock = context.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise
        return sock

    def _refuse_open_line(self, sock: socket.socket) -> None:
        peer = ip_address(sock.getpeername()[0].partition("%")[0])
        if self._account.security is Security.PLAIN and not is_private(peer, self._account.private):
            words = "Mail and passwords are never sent over an unprotected connection."
            raise self._error(Unreachable, "insecure", words)

    @property
    def _host(self) -> str:
        return self._account.host.strip().removesuffix(".")

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return tls_context(self._account.ca_pem)
        except (ssl.SSLError, ValueError) as error:
            words = "The certificate that was added to this mailbox cannot be read."
            raise self._error(Unreachable, "authority", words) from error

    def _secret(self) -> str:
        """Return the password, or a token that is asked for now. Raises ImapError."""
        account, secret = self._account, self._account.password
        if account.tokens is not None:
            secret = self.token = self._token(account.tokens)
        if not is_sayable(account.username) or not is_sayable(secret):
            words = "The user name or the password holds a character that cannot be sent."
            raise self._error(Unreachable, "credentials", words)
        return secret

    def _token(self, tokens: BlockingTokens) -> str:
        try:
            token = tokens(self._stale)
        except TokenRefused as error:
            raise self._error(SignInRefused, "ended", str(error)) from error
        except TokenUnavailable as error:
            raise self._error(Unreachable, "token", str(error)) from error
        for secret in (self._stale, token):
            self.dialogue.conceal(*_forms_of(self._account.username, secret))
        return token

    # -- what happened --
    def _problem(self, error: Exception, about: str) -> ImapError:
        if self._watch.has_barked:
            words = f"The server had not done within {self._watch.most_s:g} s."
            return self._error(Unreachable, "timeout", words)
        if isinstance(error, ConnectProblem):
            return self._error(Unreachable, connect_cause(error), str(error))
        if isinstance(error, TooMuch):
            return self.misbehaved(f"The server says too much at once ({error}).", "too_much")
        if isinstance(error, ssl.SSLError) and self.stage in {Stage.TLS, Stage.STARTTLS}:
            return self._error(Unreachable, *tls_trouble(error))
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return self._error(Unreachable, "timeout", f"No answer in time ({self.stage}).")
        asked = f", asked for {about}" if about else ""
        return self._ended(error, f"The server answered{asked}: {self.refusal}")

    @abstractmethod
    def _ended(self, error: Exception, words: str) -> ImapError:
        """Name what happened where it was none of the common troubles; words: what the server has refused."""

    def _no_answer(self) -> ImapError:
        """Return the error for what is not of this protocol at all."""
        if self.stage is Stage.GREETING:
            for beginning, cause, who in self.others:
                if self._last_words().startswith(beginning):
                    return self.misbehaved(f"What answers on port {self._account.port} is {who}.", cause)
        return self.misbehaved(f"What the server answered is not {self.protocol} ({self.stage}).")

    def _lost(self) -> ImapError:
        return self._error(Unreachable, "lost", f"The connection was lost ({self.stage}).")

    def _last_words(self) -> str:
        lines = reversed(self.dialogue.so_far())
        return next((line.text for line in lines if line.side is Side.SERVER), "")

    def _error(self, kind: type[ImapError], cause: str, words: str) -> ImapError:
        words = printable(self.dialogue.masked(words))
        if not self.refusal:  # a refusal stands there already
            self.dialogue.note(Side.NOTE, words)
        return kind(words, cause=cause, stage=self.stage, dialogue=self.dialogue.so_far())


_Kind = TypeVar("_Kind", bound=Line[Any])


@contextmanager
def opened(
    kind: type[_Kind], account: Account, *, timeout_s: float, most_s: float, listener: Callable[[Said], None] | None
) -> Iterator[_Kind]:
    """Connect and sign in, and sign out at the end; a token that the server refuses is replaced once."""
    line = _signed_in(kind, account, timeout_s, most_s, Dialogue(listener))
    try:
        yield line
    finally:
        line.close()


def _signed_in(kind: type[_Kind], account: Account, timeout_s: float, most_s: float, dialogue: Dialogue) -> _Kind:
    began, left_s, stale = time.monotonic(), most_s, ""
    while True:
        line = kind(account, timeout_s=timeout_s, most_s=left_s, dialogue=dialogue, stale=stale)
        try:
            line.open()
        except SignInRefused:
            line.close()
            if stale or not line.token:
                raise
            stale, left_s = line.token, max(1, round(most_s - (time.monotonic() - began)))
            dialogue.note(Side.NOTE, "The token is replaced with a new one.")
        except BaseException:
            line.close()
            raise
        else:
            return line


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel ask whether the other side is still there: routers forget connections on which nothing is said."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):  # not everywhere
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _forms_of(username: str, secret: str) -> tuple[str, ...]:
    """Return the secret in each form in which it is said, to be masked."""
    return (*forms_of(username, secret), escaped(secret))
