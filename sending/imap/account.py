"""How to reach a mailbox, and what can go wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from outreach.kit.connect import IPNetwork
from sending.smtp.outcomes import Transcript
from sending.smtp.server import Security
from sending.smtp.tokens import BlockingTokens


class Protocol(StrEnum):
    """How mail is read."""

    IMAP = "imap"
    POP3 = "pop3"


PORTS = {Protocol.IMAP: frozenset({143, 993}), Protocol.POP3: frozenset({110, 995})}


@dataclass(frozen=True, slots=True)
class Account:
    """An account whose mail is read. private: the ranges that the owner of the instance has opened.

    tokens: where the secret comes from when it is a token (XOAUTH2); no password is used then.
    """

    host: str
    port: int
    security: Security
    username: str
    password: str = field(default="", repr=False)
    tokens: BlockingTokens | None = field(default=None, repr=False, compare=False)
    protocol: Protocol = Protocol.IMAP
    ca_pem: str | None = field(default=None, repr=False)
    private: tuple[IPNetwork, ...] = ()


class Stage(StrEnum):
    """How far a connection had come."""

    CONNECT = "connect"
    TLS = "tls"  # from the first byte
    GREETING = "greeting"
    STARTTLS = "starttls"
    SIGN_IN = "sign-in"
    READING = "reading"


class ImapError(ConnectionError):
    """Base: the mailbox could not be read. `cause` is a word for programs (see explain); secrets are masked.

    uid: of the one mail that it was about, over IMAP; 0 where it was about no single mail.
    """

    uid = 0

    def __init__(self, words: str, *, cause: str, stage: Stage, dialogue: Transcript = ()) -> None:
        super().__init__(words)
        self.cause = cause
        self.stage = stage
        self.dialogue = dialogue


class SignInRefused(ImapError):
    """The server does not accept user name and password; a person must renew them."""


class Unreachable(ImapError):
    """No connection, no TLS, a server that is busy, or the connection was lost: trying again may help."""


class Misbehaved(ImapError):
    """The server answered something that is not its protocol, or would not do what every server does."""
