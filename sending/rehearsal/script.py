"""What recipients do in a rehearsal: drawn by its seed and each address, so that the same script plays the same again.

Pure. The recipients, their servers' answers and the mails that they write are those of the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sending.outbox.jobs import Job
from sending.sandbox.behaviour import GREYLIST_WAIT, REFUSALS, Behaviour, choice_of, delay_of, drawn
from sending.sandbox.letters import WRITERS, read_original
from sending.smtp import Accepted, Deferred, Outcome, Phase, Refused, Reply
from sending.smtp.replies import ReplyParser

# What may be asked for, in the order of the form; per thousand of the recipients.
KINDS = (
    Behaviour.REPLY,
    Behaviour.OUT_OF_OFFICE,
    Behaviour.OPT_OUT,
    Behaviour.COMPLAIN,
    Behaviour.BOUNCE,
    Behaviour.REFUSE,
    Behaviour.POLICY,
    Behaviour.FULL,
    Behaviour.GREYLIST,
)
USUAL: Mapping[Behaviour, int] = {
    Behaviour.REPLY: 50,
    Behaviour.OUT_OF_OFFICE: 30,
    Behaviour.OPT_OUT: 5,
    Behaviour.BOUNCE: 5,
    Behaviour.REFUSE: 5,
    Behaviour.FULL: 5,
    Behaviour.GREYLIST: 20,
}
TAKEN = Accepted(Reply(250, "2.0.0", "OK"))


@dataclass(frozen=True, slots=True)
class Script:
    """The shares of each behaviour, per thousand, and the seed that says whom they fall on."""

    seed: int = 1
    shares: Mapping[Behaviour, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Nothing comes back, and every message is taken at its first try."""
        return not any(self.shares.values())

    def part_of(self, address: str) -> Behaviour:
        """Return what a recipient does."""
        return drawn(address, [(kind, self.shares.get(kind, 0)) for kind in KINDS], about=f"{self.seed}:behaviour")


@dataclass(frozen=True, slots=True)
class Coming:
    """A mail that is on its way to a mailbox of ours."""

    at: datetime
    mailbox_id: int
    answers: str  # the Message-ID of the message that it answers
    part: Behaviour
    raw: bytes


class Recipients:
    """All recipients of one rehearsal, with what they remember."""

    def __init__(self, script: Script, *, steps: int) -> None:
        """Let people answer one of their first `steps` messages."""
        self._script = script
        self._steps = max(1, steps)
        self._greylisted: dict[tuple[str, str], datetime] = {}
        self._has_written: set[tuple[str, str]] = set()
        self._taken: dict[str, int] = {}

    def refusal(self, job: Job, now: datetime) -> Outcome | None:
        """Return how the recipient's server refuses, None when it takes the message."""
        part = self._script.part_of(job.recipient_key)
        if part is Behaviour.GREYLIST:
            pair = job.sender, job.recipient_key
            if now - self._greylisted.setdefault(pair, now) >= GREYLIST_WAIT:
                return None
        said = REFUSALS.get(part)
        return _outcome(said) if said else None

    def answer(self, job: Job, now: datetime) -> Coming | None:
        """Return what the recipient, or their server, writes back to a message that was taken."""
        key = job.recipient_key
        part = self._script.part_of(key)
        self._taken[key] = self._taken.get(key, 0) + 1
        write = WRITERS.get(part)
        if write is None or self._taken[key] < self._first(key, part):
            return None
        if part.is_once:
            if (job.sender, key) in self._has_written:
                return None
            self._has_written.add((job.sender, key))
        at = now + delay_of(key, part)
        original = read_original(job.content, job.sender, job.recipient)
        return Coming(at, job.letter.mailbox_id, job.letter.message_id, part, write(original, at))

    def _first(self, key: str, part: Behaviour) -> int:
        """Return from which of their messages on they write: a person may need to be reminded, a machine does not."""
        if part in {Behaviour.OUT_OF_OFFICE, Behaviour.BOUNCE}:
            return 1
        return 1 + choice_of(key, self._steps, f"{self._script.seed}:patience")


def _outcome(said: str) -> Outcome:
    parser = ReplyParser()
    parser.feed(said.encode() + b"\r\n")
    reply = parser.take()
    assert reply is not None
    return Refused(Phase.RCPT, reply) if reply.code >= 500 else Deferred(Phase.RCPT, reply)
