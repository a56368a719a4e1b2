"""Open a connection through aiosmtplib: greeting, EHLO, TLS, sign-in, each step noted and told apart."""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

from outreach.kit.connect import ConnectProblem, is_private, safe_connect
from sending.smtp.outcomes import Deferred, Outcome, Phase, Refused, Reply, Side, Unreachable
from sending.smtp.replies import ReplyParser, printable
from sending.smtp.server import (
    SUBMISSION_PORTS,
    AuthKind,
    Security,
    Server,
    Timeouts,
    connect_cause,
    is_sayable,
    tls_context,
    tls_trouble,
)
from sending.smtp.wire import MASK, Dialogue

# "I do not know this mechanism", although it was offered (RFC 4954 section 4): another may be tried.
_MECHANISM_UNKNOWN = frozenset({500, 502, 504})


class SessionError(ConnectionError):
    """A connection could not be opened; outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(getattr(outcome, "text", "") or str(getattr(outcome, "reply", "")))
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Opened:
    """A signed-in connection, ready to be taken over, and what the server offers (EHLO keywords in upper case)."""

    transport: asyncio.Transport
    extensions: dict[str, str]


class _Fault(Exception):  # carries a cause up to open_connection
    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class _Client(aiosmtplib.SMTP):
    """aiosmtplib's client with each command and answer noted; while it signs in, what we say is masked."""

    dialogue: Dialogue
    signing_in = False

    async def execute_command(self, *args: bytes, **options: Any) -> SMTPResponse:
        said = b" ".join(args).decode("utf-8", "replace")
        if self.signing_in:
            said = " ".join([*said.split(" ")[:2], MASK]) if said.startswith("AUTH ") else MASK
        self.dialogue.note(Side.CLIENT, said)
        response = await super().execute_command(*args, **options)
        # A challenge of AUTH LOGIN may repeat the user name: what the server says meanwhile is shown only by its code.
        text = "" if self.signing_in and response.code == 334 else response.message
        self.dialogue.note(Side.SERVER, f"{response.code} {text}")
        return response

    def close(self) -> None:
        """Drop the connection at once: a goodbye over TLS may take 30 s, and nothing that matters is under way."""
        transport = self.transport
        super().close()
        if transport is not None:
            cast("asyncio.Transport", transport).abort()


async def open_connection(server: Server, timeouts: Timeouts, dialogue: Dialogue) -> Opened:
    """Connect and sign in. Raises SessionError whose outcome names the phase; nothing secret is ever said in clear."""
    dialogue.conceal(*_secrets(server))
    opening = _Opening(server, timeouts, dialogue)
    try:
        return await opening.run()
    except (_Fault, aiosmtplib.SMTPException, OSError, ValueError) as error:
        opening.drop()
        await asyncio.sleep(0)  # lets the loop finish with the dropped connection
        raise SessionError(opening.outcome_of(error)) from error
    except BaseException:
        opening.drop()
        raise


class _Opening:
    def __init__(self, server: Server, timeouts: Timeouts, dialogue: Dialogue) -> None:
        self._server = server
        self._timeouts = timeouts
        self._dialogue = dialogue
        self._client: _Client | None = None
        self._phase = Phase.CONNECT

    async def run(self) -> Opened:
        client = await self._connect()
        self._phase = Phase.EHLO
        await client.ehlo()
        if self._server.security is Security.STARTTLS:
            await self._start_tls(client)
        if self._server.username:
            await self._sign_in(client)
        if client.transport is None or client.transport.is_closing():
            raise _Fault("lost", "The server hung up when everything was ready.")
        extensions = {name.upper(): value for name, value in client.esmtp_extensions.items()}
        return Opened(cast("asyncio.Transport", client.transport), extensions)

    def drop(self) -> None:
        """End the connection, if there is one."""
        if self._client is not None:
            self._client.close()

    async def _connect(self) -> _Client:
        server = self._server
        context = None if server.security is Security.PLAIN else self._tls_context()
        sock = await safe_connect(
            server.host,
            server.port,
            ports=SUBMISSION_PORTS,
            private=server.private,
            timeout_s=self._timeouts.connect,
        )
        try:
            self._dialogue.note(Side.NOTE, f"Connected to {server.host} on port {server.port}.")
            _refuse_open_line(server, sock)
            client = self._client = _Client(
                hostname=server.host.strip().removesuffix("."),
                sock=sock,
                use_tls=server.security is Security.TLS,
                start_tls=False,
                tls_context=context,
                timeout=self._timeouts.greeting,
                local_hostname=server.local_hostname,
            )
            client.dialogue = self._dialogue
            self._phase = Phase.BANNER
            greeting = await client.connect()
        except BaseException:
            sock.close()
            raise
        self._dialogue.note(Side.SERVER, f"{greeting.code} {greeting.message}")
        client.timeout = self._timeouts.command
        return client

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return tls_context(self._server.ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise _Fault("authority", "The certificate that was added to this mailbox cannot be read.") from error

    async def _start_tls(self, client: _Client) -> None:
        self._phase = Phase.STARTTLS
        if not client.supports_extension("starttls"):
            raise _Fault("no_starttls", "The server does not offer STARTTLS.")
        self._dialogue.note(Side.CLIENT, "STARTTLS")
        response = await client.starttls()
        self._dialogue.note(Side.SERVER, f"{response.code} {response.message}")
        self._dialogue.note(Side.NOTE, "The connection is protected by TLS.")
        self._phase = Phase.EHLO
        await client.ehlo()  # what was offered before TLS may have been written by anybody (RFC 3207 section 4.2)

    async def _sign_in(self, client: _Client) -> None:
        self._phase = Phase.AUTH
        username, secret = self._server.username, self._server.password
        if not is_sayable(username) or not is_sayable(secret):
            raise _Fault("credentials", "The user name or the password holds a character that cannot be sent.")
        offered = {method.lower() for method in client.server_auth_methods}
        client.signing_in = True
        try:
            if self._server.auth is AuthKind.XOAUTH2:
                _require("xoauth2" in offered, offered)
                await client.auth_xoauth2(username, secret)
            else:
                _require(bool(offered & {"plain", "login"}), offered)
                await _sign_in_with_password(client, offered, username, secret)
        finally:
            client.signing_in = False

    def outcome_of(self, error: Exception) -> Outcome:
        """Name what happened."""
        match error:
            case aiosmtplib.SMTPResponseException():
                return self._answered(error)
            case _Fault():
                return self._unreachable(error.cause, str(error))
            case ConnectProblem():
                return self._unreachable(connect_cause(error), str(error))
            case aiosmtplib.SMTPException() | OSError():
                return self._unreachable(*_cause_and_text(error, self._phase))
            case _:  # a value that the wire cannot carry
                return self._unreachable("invalid", f"The settings cannot be used: {error}.")

    def _unreachable(self, cause: str, text: str) -> Unreachable:
        text = printable(text)
        self._dialogue.note(Side.NOTE, text)
        return Unreachable(self._phase, cause, text, self._dialogue.so_far())

    def _answered(self, error: aiosmtplib.SMTPResponseException) -> Outcome:
        reply = _strict(error.code, self._dialogue.masked(error.message or ""))
        if reply is None:
            return self._unreachable("garbage", "What the server answered is not SMTP.")
        if self._phase in {Phase.BANNER, Phase.STARTTLS}:  # the others were noted as they came
            self._dialogue.reply(reply)
        if 400 <= reply.code < 500:
            return Deferred(self._phase, reply, self._dialogue.so_far())
        if 500 <= reply.code < 600:
            return Refused(self._phase, reply, self._dialogue.so_far())
        return self._unreachable("garbage", f"Unexpected answer {reply.code}.")


async def _sign_in_with_password(client: _Client, offered: set[str], username: str, password: str) -> None:
    if "plain" in offered:
        try:
            await client.auth_plain(username, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code not in _MECHANISM_UNKNOWN or "login" not in offered:
                raise  # a refused password is not tried twice: that is how accounts get locked
        else:
            return
    await client.auth_login(username, password)


def _refuse_open_line(server: Server, sock: socket.socket) -> None:
    try:
        peer = ip_address(sock.getpeername()[0].partition("%")[0])
    except OSError:
        return  # it is over already, and nothing can be said on it
    if server.security is Security.PLAIN and not is_private(peer, server.private):
        raise _Fault("insecure", "Mail and passwords are never sent over an unprotected connection.")


def _require(is_offered: bool, offered: set[str]) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    if not is_offered:
        found = ", ".join(sorted(offered)) or "none"
        raise _Fault("no_auth", f"The server does not offer the kind of sign-in that was chosen (it offers: {found}).")


def _cause_and_text(error: Exception, phase: Phase) -> tuple[str, str]:
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    if isinstance(root, ssl.SSLError):
        return tls_trouble(root)
    if isinstance(root, TimeoutError) or isinstance(error, aiosmtplib.SMTPTimeoutError):
        return "timeout", f"No answer in time ({phase})."
    return "lost", f"The connection was lost ({phase})."


def _strict(code: int, message: str) -> Reply | None:
    """Return what aiosmtplib has read as a reply by our own rules, None where it is none."""
    lines = message.splitlines() or [""]
    raw = "".join(f"{code}{'-' if n + 1 < len(lines) else ' '}{line}\r\n" for n, line in enumerate(lines))
    parser = ReplyParser()
    parser.feed(raw.encode("utf-8", "replace"))
    try:
        return parser.take()
    except ValueError:
        return None


def _secrets(server: Server) -> tuple[str, ...]:
    if not server.password:
        return ()
    name, secret = (text.encode("utf-8", "replace") for text in (server.username, server.password))
    plain = b"\0" + name + b"\0" + secret
    xoauth2 = b"user=" + name + b"\x01auth=Bearer " + secret + b"\x01\x01"
    return server.password, *(b64encode(one).decode() for one in (secret, plain, xoauth2))
