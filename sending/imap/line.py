"""What reading over IMAP and over POP3 have in common: connect, TLS, the token, and each failure told apart."""

from __future__ import annotations

import re
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import ClassVar

from outreach.kit.connect import ConnectProblem, is_private, safe_connect_sync
from outreach.kit.watch import Watch
from sending.imap.account import PORTS, Account, ImapError, Misbehaved, SignInRefused, Stage, Unreachable
from sending.imap.wire import TooMuch, escaped
from sending.smtp.client import forms_of
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
MOST_WORDS = 400


class Line(ABC):
    """A connection to one mailbox, and what is told about it when it fails.

    stale: a token that the server has just refused.
    """

    nonsense: ClassVar[tuple[type[Exception], ...]]  # what a lost connection, and an answer that is none, raise

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
    @abstractmethod
    def refusal(self) -> str:
        """The words with which the server has refused the last command, "" where it has not."""

    @abstractmethod
    def close(self) -> None:
        """Sign out where that is possible, and end the connection."""

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
            timeout_s=self._timeout_s,
        )
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
        return self._ended(error, about)

    @abstractmethod
    def _ended(self, error: Exception, about: str) -> ImapError:
        """Name what happened where it was none of the common troubles."""

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


def _forms_of(username: str, secret: str) -> tuple[str, ...]:
    """Return the secret in each form in which it is said, to be masked."""
    return (*forms_of(username, secret), escaped(secret))
