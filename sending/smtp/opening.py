"""Open a connection through aiosmtplib: greeting, EHLO, TLS, sign-in, each step noted and told apart."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

import aiosmtplib

from outreach.kit.connect import ConnectProblem, is_private, safe_connect
from sending.smtp.client import Client, Fault, forms_of, sign_in
from sending.smtp.outcomes import Deferred, Outcome, Phase, Refused, Reply, Side, Unreachable
from sending.smtp.replies import ReplyParser, printable
from sending.smtp.resuming import ResumingContext
from sending.smtp.server import (
    SUBMISSION_PORTS,
    Security,
    Server,
    Timeouts,
    connect_cause,
    tls_context,
    tls_trouble,
)
from sending.smtp.tokens import TokenError, TokenRefused
from sending.smtp.wire import Dialogue


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


async def open_connection(server: Server, timeouts: Timeouts, dialogue: Dialogue) -> Opened:
    """Connect and sign in. Raises SessionError whose outcome names the phase; nothing secret is ever said in clear.

    A token that the server refuses is replaced once: it may have run out on the way, or have been called back.
    """
    dialogue.conceal(*forms_of(server.username, server.password))
    opening = _Opening(server, timeouts, dialogue)
    try:
        return await _open(opening)
    except SessionError:
        if not opening.token_refused:
            raise
    dialogue.note(Side.NOTE, "The token is replaced with a new one.")
    return await _open(_Opening(server, timeouts, dialogue, stale=opening.token))


async def _open(opening: _Opening) -> Opened:
    try:
        return await opening.run()
    except (Fault, TokenError, aiosmtplib.SMTPException, OSError, ValueError) as error:
        opening.drop()
        await asyncio.sleep(0)  # lets the loop finish with the dropped connection
        raise SessionError(opening.outcome_of(error)) from error
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            opening.note_given_up()
        opening.drop()
        raise


class _Opening:
    def __init__(self, server: Server, timeouts: Timeouts, dialogue: Dialogue, *, stale: str = "") -> None:
        self._server = server
        self._timeouts = timeouts
        self._dialogue = dialogue
        self._stale = stale
        self._client: Client | None = None
        self._phase = Phase.CONNECT
        self.token = ""  # what we signed in with
        self.token_refused = False  # and the server does not want, although its provider has just given it to us

    async def run(self) -> Opened:
        client = await self._connect()
        self._phase = Phase.EHLO
        await client.ehlo()
        if self._server.security is Security.STARTTLS:
            await self._start_tls(client)
        if self._server.username:
            await self._sign_in(client)
        if client.transport is None or client.transport.is_closing():
            raise Fault("lost", "The server hung up when everything was ready.")
        if (tls := client.transport.get_extra_info("ssl_object")) is not None:
            self._tls_context().keep(tls)
        extensions = {name.upper(): value for name, value in client.esmtp_extensions.items()}
        return Opened(cast("asyncio.Transport", client.transport), extensions)

    def note_given_up(self) -> None:
        """Write down how far it came: whoever waited for it does not any more."""
        self._dialogue.note(Side.NOTE, f"Given up ({self._phase}).")

    def drop(self) -> None:
        """End the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            if self._server.security is not Security.PLAIN:
                self._tls_context().forget(self._host)

    async def _connect(self) -> Client:
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
            client = self._client = Client(
                hostname=self._host,
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

    @property
    def _host(self) -> str:
        return self._server.host.strip().removesuffix(".")

    def _tls_context(self) -> ResumingContext:
        try:
            return tls_context(self._server.ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise Fault("authority", "The certificate that was added to this mailbox cannot be read.") from error

    async def _start_tls(self, client: Client) -> None:
        self._phase = Phase.STARTTLS
        if not client.supports_extension("starttls"):
            raise Fault("no_starttls", "The server does not offer STARTTLS.")
        self._dialogue.note(Side.CLIENT, "STARTTLS")
        response = await client.starttls()
        self._dialogue.note(Side.SERVER, f"{response.code} {response.message}")
        self._dialogue.note(Side.NOTE, "The connection is protected by TLS.")
        self._phase = Phase.EHLO
        await client.ehlo()  # what was offered before TLS may have been written by anybody (RFC 3207 section 4.2)

    async def _sign_in(self, client: Client) -> None:
        self._phase = Phase.AUTH
        server, secret = self._server, self._server.password
        if server.tokens is not None:
            secret = self.token = await server.tokens(self._stale)
            self._dialogue.conceal(*forms_of(server.username, self._stale), *forms_of(server.username, secret))
        await sign_in(client, server, secret)

    def outcome_of(self, error: Exception) -> Outcome:
        """Name what happened."""
        match error:
            case aiosmtplib.SMTPResponseException():
                return self._answered(error)
            case Fault():
                return self._unreachable(error.cause, str(error))
            case TokenError():
                return self._without_token(error)
            case ConnectProblem():
                return self._unreachable(connect_cause(error), str(error))
            case aiosmtplib.SMTPException() | OSError():
                return self._lost(error)
            case _:  # a value that the wire cannot carry
                return self._unreachable("invalid", f"The settings cannot be used: {error}.")

    def _unreachable(self, cause: str, text: str) -> Unreachable:
        text = printable(text)
        self._dialogue.note(Side.NOTE, text)
        return Unreachable(self._phase, cause, text, self._dialogue.so_far())

    def _without_token(self, error: TokenError) -> Outcome:
        if isinstance(error, TokenRefused):
            return self._refused(Reply(535, "5.7.8", printable(str(error))), ours=True)
        return self._unreachable("token", str(error))

    def _lost(self, error: Exception) -> Outcome:
        if self._client is not None and self._client.token_error:  # some hang up instead of saying 535
            return self._refused(Reply(535, "5.7.8", printable(self._client.token_error)))
        return self._unreachable(*_cause_and_text(error, self._phase))

    def _refused(self, reply: Reply, *, ours: bool = False) -> Refused:
        self.token_refused = self._phase is Phase.AUTH and bool(self.token)
        if ours:
            self._dialogue.note(Side.NOTE, reply.text)
        return Refused(self._phase, reply, self._dialogue.so_far(), ours=ours)

    def _answered(self, error: aiosmtplib.SMTPResponseException) -> Outcome:
        reply = _strict(error.code, self._dialogue.masked(error.message or ""))
        if reply is None:
            return self._unreachable("garbage", "What the server answered is not SMTP.")
        if self._phase in {Phase.BANNER, Phase.STARTTLS}:  # the others were noted as they came
            self._dialogue.reply(reply)
        if 400 <= reply.code < 500:
            return Deferred(self._phase, reply, self._dialogue.so_far())
        if 500 <= reply.code < 600:
            return self._refused(reply)
        return self._unreachable("garbage", f"Unexpected answer {reply.code}.")


def _refuse_open_line(server: Server, sock: socket.socket) -> None:
    try:
        peer = ip_address(sock.getpeername()[0].partition("%")[0])
    except OSError:
        return  # it is over already, and nothing can be said on it
    if server.security is Security.PLAIN and not is_private(peer, server.private):
        raise Fault("insecure", "Mail and passwords are never sent over an unprotected connection.")


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
