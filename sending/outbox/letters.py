"""Letters: what a claim hands to the wire, made from a pick or from a stored message, and the row it is kept in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID, uuid4

from campaigns.contacts.core.suppressing import usual_keys
from campaigns.contacts.models import Contact
from campaigns.sequences.states import StepThread
from outreach.kit.addresses import parse_address
from sending.outbox.events import position_of
from sending.outbox.jobs import Job, Letter
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.outbox.tracing import Addressing, shared_links
from sending.outbox.writing import content_of
from sending.pacing import draw_gap, gap_seed
from sending.planner.claim.facts import Sender
from sending.planner.claim.picking import Pick
from sending.smtp import Message, Unbuildable, build, make_message_id, opt_out_by_mail, reply_subject, trim_references
from sending.smtp.dkim import SigningKey

COLUMNS = (
    "id", "workspace_id", "campaign_id", "enrollment_id", "contact_id", "step_id", "variant_id",
    "wording_version", "mailbox_id", "message_id", "in_reply_to", "references", "recipient", "subject", "body_text",
    "body_html", "state", "attempt", "attempt_number", "refusals", "lease_until", "not_after", "created_at",
    "reason", "reply_enhanced", "reply_text", "traces",
)  # fmt: skip


def first_letter(pk: int, pick: Pick, thread: Sequence[OutboundMessage], *, now: datetime, traces: int = 0) -> Letter:
    """Return the letter of a pick. thread: what the enrollment has been sent so far, in order."""
    last = thread[-1] if thread and pick.step.thread is StepThread.REPLY else None
    references = trim_references([*last.references.split(), last.message_id]) if last else []
    contact = pick.contact
    return Letter(
        pk=pk,
        attempt=uuid4(),
        attempt_number=1,
        refusals=0,
        workspace_id=pick.plan.workspace_id,
        campaign_id=pick.plan.id,
        contact_id=contact.pk,
        enrollment_id=pick.enrollment_id,
        step_id=pick.step.id,
        variant_id=pick.variant.id,
        wording_version=pick.variant.version,
        mailbox_id=pick.sender.id,
        position=pick.step.position,
        message_id=make_message_id(_domain_of(pick.sender.address), secrets.token_urlsafe(18)),
        in_reply_to=last.message_id if last else "",
        references=" ".join(references),
        recipient=contact.email,
        recipient_name=_name_of(contact),
        contact_key=contact.email_key,
        subject=reply_subject(last.subject) if last else pick.wording.subject,
        text=pick.wording.text,
        html=pick.wording.html,
        traces=traces,
        not_after=pick.not_after,
        created_at=now,
        shared_links=shared_links(pick.variant.body_text, pick.variant.body_html, pick.sender.signature, traces),
    )


def stored_letter(message: OutboundMessage) -> Letter:
    """Return the letter of a message that was made before; its contact and step are loaded."""
    return Letter(
        pk=message.pk,
        attempt=message.attempt,
        attempt_number=message.attempt_number,
        refusals=message.refusals,
        workspace_id=message.workspace_id,
        campaign_id=message.campaign_id,
        contact_id=message.contact_id,
        enrollment_id=message.enrollment_id,
        step_id=message.step_id,
        variant_id=message.variant_id,
        wording_version=message.wording_version,
        mailbox_id=message.mailbox_id,
        position=position_of(message),
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        recipient=message.recipient,
        recipient_name=_name_of(message.contact),
        contact_key=message.contact.email_key,
        subject=message.subject,
        text=message.body_text,
        html=message.body_html,
        traces=message.traces,
        not_after=message.not_after,
        created_at=message.created_at,
    )


def row_of(letter: Letter, lease_until: datetime) -> tuple[object, ...]:
    """Return a new message's row, in the order of COLUMNS."""
    return (
        letter.pk, letter.workspace_id, letter.campaign_id, letter.enrollment_id, letter.contact_id, letter.step_id,
        letter.variant_id, letter.wording_version, letter.mailbox_id, letter.message_id, letter.in_reply_to,
        letter.references, letter.recipient, letter.subject, letter.text, letter.html, MessageState.CLAIMED.value,
        letter.attempt, letter.attempt_number, letter.refusals, lease_until, letter.not_after, letter.created_at,
        "", "", "", letter.traces,
    )  # fmt: skip


def job_of(letter: Letter, sender: Sender, owner: UUID, key: SigningKey | None, addressing: Addressing) -> Job:
    """Return the job of a letter: its bytes, and what would forbid it. Raises Unbuildable.

    The address is the one that stands in the message, also when the contact has another one by now.
    """
    try:
        address = parse_address(letter.recipient)
    except ValueError as error:
        raise Unbuildable(f"This is no address that a mail can be sent to: {letter.recipient[:80]!r}") from error
    seed = gap_seed(letter.enrollment_id or 0, letter.step_id or letter.pk)
    return Job(
        letter=letter,
        sender=sender.address,
        recipient=address.email,
        recipient_key=address.key,
        suppression_keys=_keys_of(address.key, letter.contact_key),
        content=content_of(letter, sender, key, addressing),
        pace=sender.pace,
        gap_s=draw_gap(sender.facts.limits, sender.pace, seed=seed).total_seconds(),
        owner=owner,
    )


def _keys_of(recipient_key: str, contact_key: str) -> tuple[tuple[str, str], ...]:
    if contact_key in {recipient_key, ""}:
        return tuple(usual_keys(recipient_key))
    return tuple(dict.fromkeys([*usual_keys(recipient_key), *usual_keys(contact_key)]))


@lru_cache(maxsize=10_000)
def fault_of_sender(address: str, display_name: str, reply_to: str) -> str:
    """Say what keeps a mailbox from writing to anybody at all, "" when nothing does."""
    try:
        build(
            Message(
                from_name=display_name,
                from_address=address,
                to_address="somebody@example.com",
                reply_to=reply_to,
                subject="",
                text="",
                message_id=make_message_id(_domain_of(address), "probe"),
                date=datetime(2026, 1, 1, tzinfo=UTC),
                list_unsubscribe=opt_out_by_mail(address),
            )
        )
    except Unbuildable as error:
        return f"Its address or Reply-To cannot stand in a mail: {error}"
    return ""


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def _name_of(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}".strip()
