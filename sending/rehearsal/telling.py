"""What a rehearsal tells of itself, a line each: the only thing that comes out from behind the curtain."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Moment:
    """The clock has moved on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One try of a message: to whom, from where, when, and how it ended."""

    contact_id: int
    recipient: str
    mailbox: str
    position: int
    label: str
    at: datetime
    outcome: str  # an AttemptOutcome
    words: str
    subject: str
    message_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that came back: to which message, what it was meant to be, and what the inbox took it for."""

    answers: str
    at: datetime
    part: str  # a Behaviour of the sandbox
    kind: str  # a Kind of bounces
    subject: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands at the end."""

    contact_id: int
    email: str
    state: str  # an EnrollmentState
    reason: str  # a StopReason or a HoldCode
    words: str
    messages: int
    last_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """What the rehearsal has shown. Each part is made of plain values."""

    ending: str
    ended_at: datetime
    people: int
    left_out: int
    checks: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    forecast: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """It cannot go on; the words are for the person who asked for it."""

    words: str


Told = Moment | Message | Arrival | Standing | Report | Fault
_KINDS: Mapping[str, type[Told]] = {kind.__name__: kind for kind in (Moment, Message, Arrival, Standing, Report, Fault)}
_INSTANTS = frozenset({"at", "last_at", "next_at", "ended_at"})


def line_of(told: Told) -> bytes:
    """Return a thing that is told as a line."""
    return json.dumps({"what": type(told).__name__, **asdict(told)}, default=_plain).encode() + b"\n"


def read_line(line: bytes) -> Told:
    """Return what a line tells. Raises ValueError for anything else."""
    found = json.loads(line)
    kind = _KINDS.get(found.pop("what", ""))
    if kind is None:
        raise ValueError(f"nothing that a rehearsal tells: {line[:80]!r}")
    known = {one.name for one in fields(kind)}
    return kind(**{name: _typed(name, value) for name, value in found.items() if name in known})


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return b64encode(value).decode()
        case _:
            raise TypeError(f"nothing to tell: {value!r}")


def _typed(name: str, value: Any) -> Any:
    if name in _INSTANTS and value is not None:
        return datetime.fromisoformat(value)
    return b64decode(value) if name == "raw" else value
