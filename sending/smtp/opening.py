"""Open a connection through aiosmtplib: greeting, EHLO, TLS, sign-in, each step noted and told apart."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from dataclasses import dataclass
from typing import cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

from outreach.kit.connect import BlockedAddress, ConnectFailed, UnknownHost, safe_connect
from sending.smtp.outcomes import Deferred, Outcome, Phase, Refused, Reply, Side, Unreachable
from sending.smtp.replies import ReplyParser
from sending.smtp.server import SUBMISSION_PORTS, AuthKind, Security, Server, Timeouts, tls_context
from sending.smtp.wire import Dialogue

_MASK = "********"


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


class _Client(aiosmtplib.SMTP):
    """aiosmtplib's client with each command and answer noted; while it signs in, what we say is masked."""

    dialogue: Dialogue
    signing_in = False

    async def execute_command(self, *args: bytes, timeout: float | None = None) -> SMTPResponse:  # type: ignore[override]
        said = b" ".join(args).decode("utf-8", "replace")
        if self.signing_in:
            said = " ".join(said.split(" ")[:2] + [_MASK]) if said.startswith("AUTH ") else _MASK
        self.dialogue.note(Side.CLIENT, said)
        response = await super().execute_command(*args, timeout=timeout)
        # A challenge of AUTH LOGIN may repeat the user name: what the server says meanwhile is shown only by its code.
        text = "" if self.signing_in and response.code == 334 else response.message
        self.dialogue.note(Side.SERVER, f"{response.code} {text}")
        return response


async def open_connection(server: Server, timeouts: Timeouts, dialogue: Dialogue) -> Opened:
    """Connect and sign in. Raises SessionError whose outcome names the phase; nothing secret is ever said in clear."""
    steps = _Opening(server, timeouts, dialogue)
    try:
        return await steps.run()
    except aiosmtplib.SMTPResponseException as error:
        raise SessionError(_answered(steps.phase, error, dialogue)) from error
    except UnknownHost as error:
        raise steps.fault("unknown_host", str(error)) from error
    except BlockedAddress as error:
        raise steps.fault("blocked_address", str(error)) from error
    except ConnectFailed as error:
        raise steps.fault("no_connection", str(error)) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise steps.explain(error) from error


class _Opening:
    def __init__(self, server: Server, timeouts: Timeouts, dialogue: Dialogue) -> None:
        self._server = server
        self._timeouts = timeouts
        self._dialogue = dialogue
        self._client: _Client | None = None
        self.phase = Phase.CONNECT

    async def run(self) -> Opened:
        server = self._server
        sock = await safe_connect(
            server.host,
            server.port,
            ports=SUBMISSION_PORTS,
            private=server.private,
            timeout_s=self._timeouts.connect,
        )
        is_local = ipaddress.ip_address(sock.getpeername()[0]).is_loopback
        self._dialogue.note(Side.NOTE, f"Connected to {server.host} on port {server.port}.")
        client = self._client = _Client(
            hostname=server.host,
            sock=sock,
            use_tls=server.security is Security.TLS,
            start_tls=False,
            tls_context=None if server.security is Security.PLAIN else tls_context(server.ca_pem),
            timeout=self._timeouts.greeting,
            local_hostname=server.local_hostname,
        )
        client.dialogue = self._dialogue
        self.phase = Phase.BANNER
        try:
            greeting = await client.connect()
        except BaseException:
            sock.close()
            raise
        self._dialogue.note(Side.SERVER, f"{greeting.code} {greeting.message}")
        client.timeout = self._timeouts.command
        self.phase = Phase.EHLO
        await client.ehlo()
        if server.security is Security.STARTTLS:
            await self._start_tls(client)
        if server.username:
            if server.security is Security.PLAIN and not is_local:
                raise self.fault("insecure", "A password is never sent over an unprotected connection.")
            await self._sign_in(client)
        return Opened(
            cast("asyncio.Transport", client.transport),
            {name.upper(): value for name, value in client.esmtp_extensions.items()},
        )

    async def _start_tls(self, client: _Client) -> None:
        self.phase = Phase.STARTTLS
        if not client.supports_extension("starttls"):
            raise self.fault("no_starttls", "The server does not offer STARTTLS.")
        self._dialogue.note(Side.CLIENT, "STARTTLS")
        response = await client.starttls()
        self._dialogue.note(Side.SERVER, f"{response.code} {response.message}")
        self._dialogue.note(Side.NOTE, "The connection is protected by TLS.")
        self.phase = Phase.EHLO
        await client.ehlo()

    async def _sign_in(self, client: _Client) -> None:
        self.phase = Phase.AUTH
        methods = {method.lower() for method in client.server_auth_methods}
        client.signing_in = True
        try:
            if self._server.auth is AuthKind.XOAUTH2:
                await client.auth_xoauth2(self._server.username, self._server.password)
            elif "plain" in methods:
                await client.auth_plain(self._server.username, self._server.password)
            elif "login" in methods:
                await client.auth_login(self._server.username, self._server.password)
            else:
                offered = ", ".join(sorted(methods)) or "none"
                raise self.fault(
                    "no_auth", f"The server offers no sign-in with a password here (it offers: {offered})."
                )
        finally:
            client.signing_in = False

    def explain(self, error: Exception) -> SessionError:
        """Name the cause of a failure that carries no answer."""
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        if isinstance(root, ssl.SSLCertVerificationError):
            return self.fault("certificate", f"The certificate is not valid: {root.verify_message or root.reason}.")
        if isinstance(root, ssl.SSLError):
            return self.fault("tls", f"TLS failed: {(root.reason or 'unknown').replace('_', ' ').lower()}.")
        if isinstance(root, TimeoutError) or isinstance(error, aiosmtplib.SMTPTimeoutError):
            return self.fault("timeout", f"No answer in time ({self.phase}).")
        return self.fault("lost", f"The connection was lost ({self.phase}).")

    def fault(self, cause: str, text: str) -> SessionError:
        """Close what is open and return the error for the current phase."""
        if self._client is not None:
            self._client.close()
        self._dialogue.note(Side.NOTE, text)
        return SessionError(Unreachable(self.phase, cause, text, self._dialogue.so_far()))


def _answered(phase: Phase, error: aiosmtplib.SMTPResponseException, dialogue: Dialogue) -> Outcome:
    parser = ReplyParser()
    lines = (error.message or "").splitlines() or [""]
    raw = "".join(f"{error.code}{'-' if n + 1 < len(lines) else ' '}{line}\r\n" for n, line in enumerate(lines))
    parser.feed(raw.encode("utf-8", "replace"))
    try:
        reply = parser.take() or Reply(error.code, "", error.message)
    except ValueError:
        return Unreachable(phase, "garbage", "The server's answer is not SMTP.", dialogue.so_far())
    if phase is Phase.BANNER:
        dialogue.reply(reply)
    if 400 <= reply.code < 500:
        return Deferred(phase, reply, dialogue.so_far())
    if 500 <= reply.code < 600:
        return Refused(phase, reply, dialogue.so_far())
    return Unreachable(phase, "garbage", f"Unexpected answer {reply.code}.", dialogue.so_far())
