"""Open a connection over IMAP: greeting, STARTTLS, sign-in."""

from __future__ import annotations

import imaplib
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from sending.imap.account import ImapError, SignInRefused, Stage, Unreachable
from sending.imap.line import BUSY, Line
from sending.imap.wire import Wire
from sending.smtp.server import Security


class ImapLine(Line[Wire]):
    """A connection over IMAP."""

    # What the libraries raise on answers that are none; some of it is plain Python tripping over a nonsense value.
    nonsense = (
        OSError, IMAPClientError, imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError,
        ArithmeticError, AssertionError, RecursionError,
    )  # fmt: skip
    others = (("220", "smtp", "an SMTP server"), ("+OK", "pop3", "a POP3 server"))
    protocol = "IMAP"
    _client: _Client | None = None

    @property
    def client(self) -> _Client:
        assert self._client is not None
        return self._client

    def open(self) -> None:
        with self.told():
            self._connect()
            self.stage = Stage.GREETING
            self.wire.greet()
            if self._account.security is Security.STARTTLS:
                self._start_tls()
            self._sign_in()
            self.stage = Stage.READING
            self._client = _Client(self.wire, self._timeout_s)

    def list_folders(self) -> list[tuple[Any, Any, Any]]:
        """Return (flags, delimiter, name) of each folder, with its special use where the server tells it.

        RFC 6154: some servers, as Cyrus, say that only to who asks for it.
        """
        if self.client.has_capability("SPECIAL-USE") and self.client.has_capability("LIST-EXTENDED"):
            found: list[tuple[Any, Any, Any]] = self.client.list_with_use()
            return found
        plain: list[tuple[Any, Any, Any]] = self.client.list_folders()
        return plain

    def _say_goodbye(self) -> None:
        self.wire.logout()

    # -- opening --
    def _connect(self) -> None:
        sock = self._dial()
        try:
            self._wire = Wire(sock, self._host, self.dialogue)
        except BaseException:
            sock.close()
            raise

    def _start_tls(self) -> None:
        self.stage = Stage.STARTTLS
        if "STARTTLS" not in self.wire.capabilities:
            raise self._error(Unreachable, "no_starttls", "The server does not offer STARTTLS.")
        # What was said before TLS may come from anybody: imaplib drops it and asks anew (RFC 9051 section 11.1).
        self.wire.starttls(self._tls_context())

    def _sign_in(self) -> None:
        self.stage = Stage.SIGN_IN
        secret = self._secret()
        offered = set(self.wire.capabilities)
        if self.token:
            if "AUTH=XOAUTH2" not in offered:
                words = "The server does not let anybody sign in with a token (XOAUTH2) here."
                raise self._error(Unreachable, "no_auth", words)
            self.wire.sign_in_with_token(self._account.username, secret, at_once="SASL-IR" in offered)
        else:
            if "AUTH=PLAIN" not in offered and "LOGINDISABLED" in offered:
                words = "The server does not let anybody sign in with a password here."
                raise self._error(Unreachable, "no_auth", words)
            self.wire.sign_in(self._account.username, secret, sasl="AUTH=PLAIN" in offered)

    # -- what happened --
    def _ended(self, error: Exception, words: str) -> ImapError:
        refusal = self.refusal
        if refusal.upper().startswith("BYE"):
            return self._error(Unreachable, "busy", words)
        if isinstance(error, OSError) or isinstance(error.__context__, OSError):
            return self._lost()
        if not refusal:
            return self._no_answer()
        if self.stage is not Stage.SIGN_IN or refusal.upper().startswith("BAD"):
            return self.misbehaved(words, "refused")
        if BUSY.search(refusal):
            return self._error(Unreachable, "busy", words)
        return self._error(SignInRefused, "sign_in", words)


class _Client(IMAPClient):  # type: ignore[misc]  # the library carries no types
    """IMAPClient on a wire of ours. Names of folders stay as the server says them."""

    def __init__(self, wire: Wire, timeout_s: float) -> None:
        self._given = wire
        super().__init__(wire.host, ssl=False, use_uid=True, timeout=timeout_s)
        # It would write out every answer, mails too, for a log that nobody reads.
        wire.debug = 0
        self.normalise_times = False
        self.folder_encode = False

    def list_with_use(self) -> Any:
        """List all folders, and ask for the special use of each."""
        kind, answer = self._given.list_with_use()
        return self._proc_folder_list(answer) if kind == "OK" else self.list_folders()

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # the library's hook
        return self._given
