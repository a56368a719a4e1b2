"""The couriers' own journal, as it stands in its files: a second witness beside the database. Pure format.

A line is `<CRC-32 of the rest, 8 hex digits> <JSON array>`. The first names the format and the installation. Each other
tells of attempts: that one asks for its mark (`dot`, durable before a byte of its body leaves), that the marks of some
were granted and they leave (`go`) or were not and they stay (`stay`), how one ended (`end`). Room that is reserved and
not written yet is zeros. Whatever is no whole line is skipped and counted, wherever it stands.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply, Unreachable

FORMAT = 1
_LONGEST_LINE = 32 * 1024
_LONGEST_TEXT = 1000
_FAR_AWAY_S = 32_503_680_000  # the year 3000
_KINDS: dict[str, type[Outcome]] = {
    "accepted": Accepted,
    "deferred": Deferred,
    "refused": Refused,
    "unreachable": Unreachable,
    "in_doubt": InDoubt,
}
_PRINT = re.compile(r"[0-9a-f]{24}")
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one for each line
_WORDS = {kind: word for word, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Dot:
    """An attempt that asks for its mark. What is needed to know its message again, also in a database without it.

    who: of the recipient, see recipient_print; person: the same in each line about them (guard/prints.py).
    at: seconds since 1970, by the worker's clock.
    """

    attempt: UUID
    number: int
    message_id: str
    subject: str
    enrollment_id: int  # it, step and wording: 0 of an answer
    step_id: int
    variant_id: int
    mailbox_id: int
    who: str
    person: str
    at: float


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt that had passed its mark ended."""

    attempt: UUID
    outcome: Outcome
    at: float


@dataclass(slots=True)
class Reading:
    """What a file told. left: the attempts that are known to have left, stayed: those that are known not to have.

    damaged: how many lines could not be read.

    A process that was killed has written down whatever has left. Where the machine itself went down, any dot may have.
    """

    installation: str = ""
    dots: list[Dot] = field(default_factory=list)
    left: set[UUID] = field(default_factory=set)
    stayed: set[UUID] = field(default_factory=set)
    ends: dict[UUID, End] = field(default_factory=dict)
    damaged: int = 0


class Readable(Protocol):
    """A file opened for reading bytes."""

    def readline(self, size: int, /) -> bytes: ...


def recipient_print(message_id: str, email_key: str) -> str:
    """Return what a recipient is known again by beside a message: no address stands in a journal."""
    return hashlib.sha256(f"{message_id} {email_key}".encode()).hexdigest()[:24]


def has_left(outcome: Outcome) -> bool:
    """Say whether the outcome tells of an attempt that had passed its mark."""
    match outcome:
        case Accepted() | InDoubt():
            return True
        case Deferred() | Refused() | Unreachable():
            return outcome.phase in {Phase.BODY, Phase.DOT}
        case _:
            return False


def head_line(installation: str) -> bytes:
    return _line(["outreach", FORMAT, installation])


def dot_line(dot: Dot) -> bytes:
    return _line(
        [
            "dot", dot.attempt.hex, dot.number, dot.message_id, dot.subject, dot.enrollment_id, dot.step_id,
            dot.variant_id, dot.mailbox_id, dot.who, dot.person, dot.at,
        ]
    )  # fmt: skip


def go_line(attempts: Sequence[UUID]) -> bytes:
    return _line(["go", *(attempt.hex for attempt in attempts)])


def stay_line(attempts: Sequence[UUID]) -> bytes:
    return _line(["stay", *(attempt.hex for attempt in attempts)])


def end_line(end: End) -> bytes:
    outcome = end.outcome
    code, enhanced, text, cause = 0, "", "", ""
    match outcome:
        case Accepted() | Deferred() | Refused():
            code, enhanced, text = outcome.reply.code, outcome.reply.enhanced, outcome.reply.text
        case Unreachable():
            text, cause = outcome.text, outcome.cause
        case _:
            text = outcome.text
    phase = str(getattr(outcome, "phase", Phase.DOT))
    words = [phase, code, enhanced, text[:_LONGEST_TEXT], cause]
    return _line(["end", end.attempt.hex, _WORDS[type(outcome)], *words, end.at])


def read(file: Readable) -> Reading:
    """Read a file to its end, whatever it holds."""
    found = Reading()
    while raw := file.readline(_LONGEST_LINE):
        line = raw.strip(b"\0")
        if not line:
            continue
        try:
            _take(found, _words_of(line))
        except (ValueError, TypeError, AttributeError, RecursionError):
            found.damaged += 1
    return found


def _line(words: Sequence[object]) -> bytes:
    text = _encode(words).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _words_of(line: bytes) -> list[Any]:
    """Return the words of a line. Raises ValueError for what is torn, damaged or no line at all."""
    check, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or check != b"%08x" % zlib.crc32(text):
        raise ValueError("no whole line")
    words = json.loads(text)
    if not isinstance(words, list):
        raise TypeError("no list")
    return words


def _take(found: Reading, words: list[Any]) -> None:
    match words:
        case ["outreach", int(), str(installation)]:
            found.installation = installation
        case [
            "dot", str(attempt), int(number), str(message_id), str(subject), int(enrollment), int(step), int(variant),
            int(mailbox), str(who), str(person), float() | int() as at,
        ] if _is_sound(message_id, subject, person, number, at, enrollment, step, variant, mailbox):  # fmt: skip
            ids = enrollment, step, variant, mailbox
            found.dots.append(Dot(UUID(attempt), number, message_id, subject, *ids, who, person, float(at)))
        case ["go", *attempts]:
            found.left |= {UUID(attempt) for attempt in attempts}
        case ["stay", *attempts]:
            found.stayed |= {UUID(attempt) for attempt in attempts}
        case [
            "end", str(attempt), str(word), str(phase), int(code), str(enhanced), str(text), str(cause),
            float() | int() as at,
        ] if 0 <= at < _FAR_AWAY_S:  # fmt: skip
            outcome = _outcome(word, Phase(phase), Reply(code, enhanced, text.replace("\0", "")), cause)
            end = End(UUID(attempt), outcome, float(at))
            found.ends[end.attempt] = end
            found.left.add(end.attempt)
        case _:
            raise ValueError("an unknown line")


def _is_sound(message_id: str, subject: str, person: str, *numbers: float) -> bool:
    """Say whether the database could hold the values."""
    number, at, *ids = numbers
    texts = "\0" not in message_id + subject and len(message_id) <= 255 and len(subject) <= 998
    known = texts and _PRINT.fullmatch(person) is not None
    *step, mailbox = ids
    is_answer = not any(step)  # what a person wrote belongs to no step
    possible = 0 < mailbox < 2**63 and (is_answer or all(0 < one < 2**63 for one in step))
    return known and possible and 0 < number < 2**15 and 0 <= at < _FAR_AWAY_S


def _outcome(word: str, phase: Phase, reply: Reply, cause: str) -> Outcome:
    match word:
        case "accepted" if 200 <= reply.code < 300:
            return Accepted(reply)
        case "deferred" if 400 <= reply.code < 500:
            return Deferred(phase, reply)
        case "refused" if 500 <= reply.code < 600:
            return Refused(phase, reply)
        case "unreachable":
            return Unreachable(phase, cause, reply.text)
        case "in_doubt":
            return InDoubt(phase, reply.text)
        case _:
            raise ValueError(f"an unknown end: {word}")
