"""Open a connection to a mailbox: connect, TLS, sign-in, each step noted, each failure told apart."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from outreach.kit.connect import ConnectProblem, is_private, safe_connect_sync
from outreach.kit.watch import Watch
from sending.imap.account import IMAP_PORTS, Account, ImapError, Misbehaved, SignInRefused, Stage, Unreachable
from sending.imap.wire import TooMuch, Wire, escaped
from sending.smtp.client import forms_of
from sending.smtp.outcomes import Side
from sending.smtp.replies import printable
from sending.smtp.server import Security, connect_cause, is_sayable, tls_context, tls_trouble
from sending.smtp.tokens import BlockingTokens, TokenRefused, TokenUnavailable
from sending.smtp.wire import Dialogue

# What the libraries raise on answers that are none; some of it is plain Python tripping over a nonsense value.
_NONSENSE = (
    IMAPClientError, imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
    AssertionError, RecursionError,
)  # fmt: skip
_GOODBYE_S = 5.0
_MOST_WORDS = 400
# RFC 5530, and words by which Gmail, Yahoo, Microsoft and Dovecot say it (observed 2026): the password is not to blame.
_BUSY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|temporar|try again|rate limit|not connected", re.IGNORECASE
)
_OTHER_PROTOCOLS = (("220", "smtp", "an SMTP server"), ("+OK", "pop3", "a POP3 server"))


class Line:
    """A connection to one mailbox, and what is told about it when it fails.

    stale: a token that the server has just refused.
    """

    def __init__(
        self, account: Account, *, timeout_s: float, most_s: float, dialogue: Dialogue, stale: str = ""
    ) -> None:
        self.dialogue = dialogue
        self.dialogue.conceal(*_forms_of(account.username, account.password))
        self.token = ""  # what we signed in with
        self._stale = stale
        self._account = account
        self._timeout_s = timeout_s
        self._watch = Watch(most_s)
        self._stage = Stage.CONNECT
        self._wire: Wire | None = None
        self._failed = False

    @property
    def wire(self) -> Wire:
        assert self._wire is not None
        return self._wire

    def open(self) -> IMAPClient:
        """Connect and sign in. Raises ImapError; close() must follow in any case."""
        with self.told():
            self._connect()
            self._stage = Stage.GREETING
            self.wire.greet()
            if self._account.security is Security.STARTTLS:
                self._start_tls()
            self._sign_in()
            self._stage = Stage.READING
            return _Client(self.wire, self._timeout_s)

    def close(self) -> None:
        """Sign out where that is possible, and end the connection."""
        if self._wire is not None:
            with suppress(OSError, *_NONSENSE):
                if self._stage is Stage.READING and not self._failed:
                    self._wire.sock.settimeout(_GOODBYE_S)
                    self._wire.logout()
            with suppress(OSError):
                self._wire.shutdown()
        self._watch.end()

    @contextmanager
    def told(self, about: str = "") -> Iterator[None]:
        """Tell what the libraries raise inside as ImapErrors; `about` names what was asked for."""
        try:
            yield
        except ImapError:
            self._failed = True
            raise
        except (OSError, *_NONSENSE) as error:
            self._failed = True
            raise self._problem(error, about) from error

    def misbehaved(self, words: str, cause: str = "garbage") -> ImapError:
        """Return the error for an answer that no IMAP server should give."""
        return self._error(Misbehaved, cause, words)

    # -- opening --
    def _connect(self) -> None:
        account = self._account
        context = None if account.security is Security.PLAIN else self._tls_context()
        sock = safe_connect_sync(
            account.host, account.port, ports=IMAP_PORTS, private=account.private, timeout_s=self._timeout_s
        )
        try:
            self._watch.begin(sock)
            self.dialogue.note(Side.NOTE, f"Connected to {account.host} on port {account.port}.")
            self._refuse_open_line(sock)
            if context is not None and account.security is Security.TLS:
                self._stage = Stage.TLS
                sock = context.wrap_socket(sock, server_hostname=self._host)
            self._wire = Wire(sock, self._host, self.dialogue)
        except BaseException:
            sock.close()
            raise

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

    def _start_tls(self) -> None:
        self._stage = Stage.STARTTLS
        if "STARTTLS" not in self.wire.capabilities:
            raise self._error(Unreachable, "no_starttls", "The server does not offer STARTTLS.")
        # What was said before TLS may come from anybody: imaplib drops it and asks anew (RFC 9051 section 11.1).
        self.wire.starttls(self._tls_context())

    def _sign_in(self) -> None:
        self._stage = Stage.SIGN_IN
        account, secret = self._account, self._account.password
        if account.tokens is not None:
            secret = self.token = self._token(account.tokens)
        if not is_sayable(account.username) or not is_sayable(secret):
            words = "The user name or the password holds a character that cannot be sent."
            raise self._error(Unreachable, "credentials", words)
        offered = set(self.wire.capabilities)
        if account.tokens is not None:
            if "AUTH=XOAUTH2" not in offered:
                words = "The server does not let anybody sign in with a token (XOAUTH2) here."
                raise self._error(Unreachable, "no_auth", words)
            self.wire.sign_in_with_token(account.username, secret, at_once="SASL-IR" in offered)
        else:
            if "AUTH=PLAIN" not in offered and "LOGINDISABLED" in offered:
                words = "The server does not let anybody sign in with a password here."
                raise self._error(Unreachable, "no_auth", words)
            self.wire.sign_in(account.username, secret, sasl="AUTH=PLAIN" in offered)

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
        if isinstance(error, ssl.SSLError) and self._stage in {Stage.TLS, Stage.STARTTLS}:
            return self._error(Unreachable, *tls_trouble(error))
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return self._error(Unreachable, "timeout", f"No answer in time ({self._stage}).")
        return self._ended(error, about)

    def _ended(self, error: Exception, about: str) -> ImapError:
        refusal = self._wire.refusal[:_MOST_WORDS] if self._wire is not None else ""
        words = f"The server answered, asked for {about}: {refusal}" if about else f"The server answered: {refusal}"
        if refusal.upper().startswith("BYE"):
            return self._error(Unreachable, "busy", words)
        if isinstance(error, OSError) or isinstance(error.__context__, OSError):
            return self._error(Unreachable, "lost", f"The connection was lost ({self._stage}).")
        if not refusal:
            return self._no_imap()
        if self._stage is not Stage.SIGN_IN or refusal.upper().startswith("BAD"):
            return self.misbehaved(words, "refused")
        if _BUSY.search(refusal):
            return self._error(Unreachable, "busy", words)
        return self._error(SignInRefused, "sign_in", words)

    def _no_imap(self) -> ImapError:
        said = next((line.text for line in reversed(self.dialogue.so_far()) if line.side is Side.SERVER), "")
        if self._stage is Stage.GREETING:
            for beginning, cause, who in _OTHER_PROTOCOLS:
                if said.startswith(beginning):
                    return self.misbehaved(f"What answers on port {self._account.port} is {who}.", cause)
        return self.misbehaved(f"What the server answered is not IMAP ({self._stage}).")

    def _error(self, kind: type[ImapError], cause: str, words: str) -> ImapError:
        words = printable(self.dialogue.masked(words))
        if self._wire is None or not self._wire.refusal:  # a refusal stands there already
            self.dialogue.note(Side.NOTE, words)
        return kind(words, cause=cause, stage=self._stage, dialogue=self.dialogue.so_far())


class _Client(IMAPClient):  # type: ignore[misc]  # the library carries no types
    """IMAPClient on a wire of ours. Names of folders stay as the server says them."""

    def __init__(self, wire: Wire, timeout_s: float) -> None:
        self._given = wire
        super().__init__(wire.host, ssl=False, use_uid=True, timeout=timeout_s)
        # It would write out every answer, mails too, for a log that nobody reads.
        wire.debug = 0
        self.normalise_times = False
        self.folder_encode = False

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # the library's hook
        return self._given


def _forms_of(username: str, secret: str) -> tuple[str, ...]:
    """Return the secret in each form in which it is said, to be masked."""
    return (*forms_of(username, secret), escaped(secret))
