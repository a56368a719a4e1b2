"""How to reach a mailbox, and what can go wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from outreach.kit.connect import IPNetwork
from sending.smtp.explain import Explanation
from sending.smtp.server import Security

IMAP_PORTS = frozenset({143, 993})


@dataclass(frozen=True, slots=True)
class Account:
    """An IMAP account. private: the ranges that the owner of the instance has opened."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    ca_pem: str | None = field(default=None, repr=False)
    private: tuple[IPNetwork, ...] = ()


class ImapError(ConnectionError):
    """Base: the mailbox could not be read. `cause` is a word for programs; what was said is in `dialogue`."""

    cause = "lost"

    def __init__(self, words: str, *, cause: str = "", dialogue: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(words)
        self.cause = cause or self.cause
        self.dialogue = dialogue


class SignInRefused(ImapError):
    """The server does not accept user name and password."""

    cause = "sign_in"


class Unreachable(ImapError):
    """No connection, no TLS, or it was lost."""


class Misbehaved(ImapError):
    """The server answered something that is not IMAP."""

    cause = "garbage"


_WHY = {
    "sign_in": (
        "The user name or the password is wrong, IMAP is switched off, or the provider wants an app password.",
        "Type both again, switch IMAP on at your provider, or create an app password.",
    ),
    "unknown_host": ("The name has a typing error, or its DNS record is gone.", "Check the host name."),
    "blocked_address": (
        "Mail servers of the public internet are on ports 993 and 143; inner networks are closed by default.",
        "Check host and port. The owner of the instance can open private ranges.",
    ),
    "no_connection": ("The host exists, but no IMAP server answers on this port.", "Use port 993 with TLS."),
    "certificate": (
        "The server cannot prove that it is who it says; the password is not sent to it.",
        "Check the host name. For a server with its own authority, add its certificate to the mailbox.",
    ),
    "tls": ("TLS could not be agreed on.", "Use TLS with port 993, or STARTTLS with port 143."),
    "timeout": ("The server is slow, or a firewall drops the connection.", "Try again; use port 993."),
    "insecure": ("Anybody on the way could read the password.", "Choose TLS or STARTTLS."),
}


def explain(error: ImapError) -> Explanation:
    """Explain a failure to the person who set the mailbox up."""
    why, fix = _WHY.get(error.cause, ("The server ended the connection or answered in no known way.", "Try again."))
    return Explanation(str(error), why, fix)
