"""aiosmtplib's client with its dialogue noted, and the ways to sign in: PLAIN and LOGIN, or XOAUTH2 with a token."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import Any, cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

from sending.smtp.outcomes import Side
from sending.smtp.server import AuthKind, Server, is_sayable
from sending.smtp.tokens import xoauth2
from sending.smtp.wire import MASK, Dialogue

# "I do not know this mechanism", although it was offered (RFC 4954 section 4): another may be tried.
_MECHANISM_UNKNOWN = frozenset({500, 502, 504})
# What Google and Microsoft say in the error of XOAUTH2 (RFC 7628 section 3.2.2 has the same names).
_ERROR_FIELDS = ("status", "schemes", "scope")


class Fault(Exception):
    """A connection that cannot be opened: a word for programs (see explain), and words for people."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class Client(aiosmtplib.SMTP):
    """aiosmtplib's client with each command and answer noted; while it signs in, what we say is masked."""

    dialogue: Dialogue
    signing_in = False
    token_error = ""  # what the server said against our token in a challenge (XOAUTH2 has no other use for one)

    async def execute_command(self, *args: bytes, **options: Any) -> SMTPResponse:
        said = b" ".join(args).decode("utf-8", "replace")
        if self.signing_in:
            said = " ".join([*said.split(" ")[:2], MASK]) if said.startswith("AUTH ") else MASK if said else ""
        self.dialogue.note(Side.CLIENT, said or "(an empty line)")
        response = await super().execute_command(*args, **options)
        # A challenge of AUTH LOGIN may repeat the user name: what the server says meanwhile is shown only by its code.
        text = response.message
        if self.signing_in and response.code == 334:
            text = ""
            if args[:2] == (b"AUTH", b"XOAUTH2"):
                text = self.token_error = _error_in(response.message)
        self.dialogue.note(Side.SERVER, f"{response.code} {text}")
        return response

    def close(self) -> None:
        """Drop the connection at once: a goodbye over TLS may take 30 s, and nothing that matters is under way."""
        transport = self.transport
        super().close()
        if transport is not None:
            cast("Any", transport).abort()


async def sign_in(client: Client, server: Server, secret: str) -> None:
    """Sign in with a password or a token. Raises Fault or aiosmtplib's errors."""
    if not is_sayable(server.username) or not is_sayable(secret):
        raise Fault("credentials", "The user name or the password holds a character that cannot be sent.")
    offered = {method.lower() for method in client.server_auth_methods}
    client.signing_in = True
    try:
        if server.auth is AuthKind.XOAUTH2:
            _require("xoauth2" in offered, offered)
            await client.auth_xoauth2(server.username, secret)
        else:
            _require(bool(offered & {"plain", "login"}), offered)
            await _sign_in_with_password(client, offered, server.username, secret)
    finally:
        client.signing_in = False


def forms_of(username: str, secret: str) -> tuple[str, ...]:
    """Return the secret in each form in which it is said, to be masked."""
    if not secret:
        return ()
    said = (secret, f"\0{username}\0{secret}", xoauth2(username, secret))
    return secret, *(b64encode(one.encode("utf-8", "replace")).decode() for one in said)


async def _sign_in_with_password(client: Client, offered: set[str], username: str, password: str) -> None:
    if "plain" in offered:
        try:
            await client.auth_plain(username, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code not in _MECHANISM_UNKNOWN or "login" not in offered:
                raise  # a refused password is not tried twice: that is how accounts get locked
        else:
            return
    await client.auth_login(username, password)


def _require(is_offered: bool, offered: set[str]) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    if not is_offered:
        found = ", ".join(sorted(offered)) or "none"
        raise Fault("no_auth", f"The server does not offer the kind of sign-in that was chosen (it offers: {found}).")


def _error_in(challenge: str) -> str:
    """Return the error that a challenge of XOAUTH2 carries in base64, in words; it is one whatever it carries."""
    try:
        found = json.loads(b64decode(challenge, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    told = found if isinstance(found, dict) else {}
    words = ", ".join(f"{name} {told[name]}" for name in _ERROR_FIELDS if isinstance(told.get(name), str | int))
    return f"(the token is refused: {words[:200] or 'no reason is given'})"
