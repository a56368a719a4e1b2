"""What the API takes and tells of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field, StringConstraints

from campaigns.sequences.states import ReplyClass
from outreach.rest.values import ID, NO_NUL, Wanted, Word, examples
from sending.inbox.labelling import class_of
from sending.inbox.models import InboundMessage
from sending.inbox.threads.answers import LONGEST
from sending.inbox.threads.models import Answer, Thread
from sending.inbox.threads.queries import version_of
from sending.inbox.threads.saying import Said
from sending.inbox.threads.services import LONGEST_NOTE

LabelName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NO_NUL)]
PartNumber = Annotated[int, Field(ge=0, lt=100_000, examples=[1])]  # among the parts of a mail, the text being one
_STATES = "`open`, `snoozed` or `done`; the last two come back with the next mail of a person."


class ConversationOut(Schema):
    """A conversation."""

    id: int
    subject: str
    name: str = Field(description="Of whoever wrote last, as is `address`.")
    address: str
    mailbox: str = Field(description="The address of ours that it is held with.")
    contact_id: int | None
    campaign_id: int | None
    state: str = Field(description=_STATES)
    snoozed_until: datetime | None
    is_unread: bool
    is_awaiting: bool = Field(description="The newest mail is theirs, and nobody has answered.")
    says: str = Field(description="What the newest answer says, a reply class or empty.")
    assignee: str = Field(description="The address of whoever has it, or empty.")
    labels: list[str]
    mails: int = Field(description="That came in.")
    newest_at: datetime
    snippet: str
    version: str = Field(description="Differs whenever anything in it has changed, also the state of a sent message.")

    @classmethod
    def of(cls, row: Thread) -> ConversationOut:
        """Return a row of `thread_for`, or one of `threads_of` that was read with_labels and with_ours."""
        return cls(
            id=row.pk, subject=row.subject, name=row.name, address=row.address, mailbox=row.mailbox.address,
            contact_id=row.contact_id, campaign_id=row.enrollment.campaign_id if row.enrollment else None,
            state=row.state, snoozed_until=row.snoozed_until, is_unread=row.is_unread, is_awaiting=row.is_awaiting,
            says=row.says, assignee=row.assignee.email if row.assignee else "",
            labels=row.label_names,  # type: ignore[attr-defined]  # annotated
            mails=row.mails, newest_at=row.newest_at,
            snippet=row.snippet, version=version_of(row),
        )  # fmt: skip


class AttachedOut(Schema):
    """What is attached to a mail, as it says itself; nobody has looked into it."""

    number: PartNumber = Field(description="By which it is fetched: `/mails/{mail_id}/attachments/{number}`.")
    name: str
    content_type: str
    size_bytes: int


class SaidOut(Schema):
    """One mail of a conversation, or a note of the team."""

    type: Literal["received", "sent", "note"]
    id: int
    at: datetime
    sender: str = Field(description="The address that it came from; of a note, of whoever wrote it.")
    recipient: str
    subject: str
    text: str
    kind: str = Field("", description="What a received mail was taken for: `human_reply`, `bounce`, …")
    says: str = Field("", description="What a received answer says, a reply class or empty.")
    is_said_by_a_person: bool = Field(False, description="False where `says` is a guess, or told by the mail itself.")
    state: str = Field("", description="Of a sent message.")
    attached: list[AttachedOut] = []

    @classmethod
    def of(cls, one: Said) -> SaidOut:
        if one.came is not None:
            return _received(one.came)
        if one.went is not None:
            row = one.went
            return cls(
                type="sent", id=row.pk, at=one.place.at, sender=row.mailbox.address, recipient=row.recipient,
                subject=row.subject, text=row.body_text, kind="", says="", is_said_by_a_person=False, state=row.state,
            )  # fmt: skip
        note = one.note
        assert note is not None
        return cls(
            type="note", id=note.pk, at=note.written_at, sender=note.written_by.email if note.written_by else "",
            recipient="", subject="", text=note.text, kind="", says="", is_said_by_a_person=False, state="",
        )  # fmt: skip


def _received(row: InboundMessage) -> SaidOut:
    return SaidOut(
        type="received", id=row.pk, at=row.received_at, sender=row.from_address, recipient=row.mailbox.address,
        subject=row.subject, text=row.text, kind=row.kind, says=class_of(row) or "",
        is_said_by_a_person=bool(row.label), state="", attached=[AttachedOut(**part) for part in row.attached],
    )  # fmt: skip


class ConversationChanges(Wanted):
    """What changes; what is left out stays."""

    model_config = examples(state="snoozed", snoozed_until="2026-12-01T09:00:00+01:00")
    state: Literal["open", "snoozed", "done"] | None = Field(None, description=_STATES)
    snoozed_until: AwareDatetime | None = Field(None, description="With `snoozed`: at most 366 days from now.")
    is_unread: bool | None = None
    assignee: Word | None = Field(None, description="The address of a member of the workspace; empty for nobody.")


class LabelChanges(Wanted):
    """Labels that are put on and taken off; a new name makes a new label, and one goes with its last conversation."""

    model_config = examples(add=["Hot"], remove=[])
    add: Annotated[list[LabelName], Field(max_length=20)] = []
    remove: Annotated[list[LabelName], Field(max_length=20)] = []


class NewNote(Wanted):
    """A note that only the team reads."""

    model_config = examples(text="They asked for a call on Tuesday.")
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NOTE, pattern=NO_NUL)]


class NewAnswer(Wanted):
    """What is answered to whoever wrote last."""

    model_config = examples(text="Ten a month.", mail_id=42, quotes=True)
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, pattern=NO_NUL)]
    mail_id: ID = Field(description="Which mail is answered: the newest that a person has written in it.")
    quotes: bool = Field(True, description="Whether their mail stands below it.")
    send_at: AwareDatetime | None = Field(None, description="Not before then; at most 90 days from now.")
    despite_suppression: bool = Field(
        False, description="A suppressed address is answered only so, and only where they have written since."
    )
    as_it_stands: bool = Field(False, description="Send it with `[[places]]` that nobody has filled in.")


class MailChanges(Wanted):
    """What a person says that an answer says."""

    model_config = examples(says="positive")
    says: ReplyClass | Literal[""] = Field(description="Empty takes the word back.")


class AnswerOut(Schema):
    """An answer that is put up to be sent."""

    id: int = Field(description="Of the message.")
    state: str
    recipient: str
    mailbox: str
    subject: str
    not_before: datetime | None = Field(description="When it may leave; its mailbox's limits hold beside that.")

    @classmethod
    def of(cls, row: Answer) -> AnswerOut:
        message = row.message
        return cls(
            id=message.pk, state=message.state, recipient=message.recipient, mailbox=message.mailbox.address,
            subject=message.subject, not_before=message.retry_at,
        )  # fmt: skip
