"""A message in a worker's hands: everything the network part needs, and no database row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sending.mailboxes.spending import Spent
from sending.pacing import Pace
from sending.smtp import Outcome


@dataclass(frozen=True, slots=True)
class Letter:
    """What is written to whom in one attempt: the part of a stored message that leaves, new or tried again."""

    pk: int
    attempt: UUID
    attempt_number: int
    refusals: int
    workspace_id: int
    campaign_id: int | None  # of a step; none of the four of an answer
    contact_id: int
    enrollment_id: int | None
    step_id: int | None
    variant_id: int | None
    wording_version: int
    mailbox_id: int
    position: int  # of the step, 0 of an answer
    message_id: str
    in_reply_to: str
    references: str
    recipient: str
    recipient_name: str
    contact_key: str  # normalised address of its contact, who may have got another one since it was made
    subject: str
    text: str
    html: str
    traces: int  # what it is marked with, see links.core.Trace
    not_after: datetime
    created_at: datetime
    shared_links: frozenset[str] = frozenset()  # that its wording has for everybody, as far as that is known


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed message: its letter, and what the network and the mark need beside it."""

    letter: Letter
    sender: str
    recipient: str  # as it stands in the message
    recipient_key: str  # its normalised form, which is suppressed when there is no such address
    suppression_keys: tuple[tuple[str, str], ...]  # (scope, value) that would forbid it, beside those of rare scopes
    content: bytes
    pace: Pace
    gap_s: float  # of the mailbox after this message
    owner: UUID  # of the mailbox's lease

    @property
    def asked_keys(self) -> tuple[str, ...]:
        """The normalised addresses that must not be suppressed: the one in the message, and its contact's of today."""
        keys = (self.recipient_key, self.letter.contact_key)
        return tuple(dict.fromkeys(one for one in keys if one))

    def spent_at(self, at: datetime) -> Spent:
        """Return what the message costs its mailbox."""
        letter = self.letter
        return Spent(
            mailbox_id=letter.mailbox_id,
            at=at,
            is_new_lead=letter.position == 1,
            gap_s=self.gap_s,
            day_s=self.pace.day.total_seconds(),
            workspace_id=letter.workspace_id,
            campaign_id=letter.campaign_id,
            contact_id=letter.contact_id,
            domain=self.recipient_key.rpartition("@")[2],
            climbs=letter.campaign_id is not None,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended."""

    job: Job
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
