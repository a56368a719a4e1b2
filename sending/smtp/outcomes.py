"""How a delivery can end. Expected failures are values; each carries the dialogue that led to it, and its seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where in the dialogue something happened (RFC 5321 section 3)."""

    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # until 354 and the caller's yes; nothing of the message has left
    BODY = "body"  # a part of it is provably still here: without its end no server may take it (section 4.1.1.4)
    DOT = "dot"  # all of it has left; only a definite answer tells what became of it


class Side(StrEnum):
    """Who said a line of the dialogue."""

    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"  # what cannot be seen in the lines: TLS, timeouts, lost connections


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the dialogue, secrets masked; `at_ms` counts from the opening of the connection."""

    side: Side
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer. enhanced is the RFC 3463 code at its head, "" where there is none; text is all its lines."""

    code: int
    enhanced: str
    text: str


Transcript = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took the message: 2xx after the dot (RFC 5321 section 4.2: the first digit decides)."""

    reply: Reply
    transcript: Transcript = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Deferred:
    """A definite 4xx: not taken now."""

    phase: Phase
    reply: Reply
    transcript: Transcript = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite 5xx: not taken.

    ours: the server was not asked, because it has said what it cannot take, or because there is nothing to sign in
    with; the reply is in our words.
    """

    phase: Phase
    reply: Reply
    transcript: Transcript = ()
    ours: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No usable answer before the message had left whole: not taken, trying again is safe.

    cause is a word for programs (see explain), text for people. stale: a kept connection had died while it was idle.
    """

    phase: Phase
    cause: str
    text: str
    transcript: Transcript = ()
    stale: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class InDoubt:
    """No definite answer after the dot: perhaps taken, perhaps not. Never to be sent again by itself."""

    phase: Phase
    text: str
    transcript: Transcript = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The caller said no before the dot: nothing was sent. text: why, where the caller has told."""

    transcript: Transcript = ()
    duration_s: float = 0.0
    text: str = ""


Outcome = Accepted | Deferred | Refused | Unreachable | InDoubt | Withdrawn
