"""Claim messages: retries that are due, then new ones, for many mailboxes in one short transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction

from campaigns.contacts.models import Contact
from campaigns.contacts.states import SuppressionScope
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import StepThread
from outreach.kit.addresses import domain_and_parents
from outreach.kit.rows import copy_rows, reserve_ids
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.outbox import leases
from sending.outbox.jobs import Job, Letter
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.outbox.writing import content_of
from sending.pacing import Drop, Hold, Send, Verdict, decide, draw_gap, lead_gates
from sending.planner import picking
from sending.planner.facts import NewLeads, Sender
from sending.planner.picking import Pick, Round
from sending.planner.services import stop
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Unbuildable, make_message_id, reply_subject, trim_references

_COLUMNS = (
    "id", "workspace_id", "campaign_id", "enrollment_id", "contact_id", "step_id", "variant_id", "mailbox_id",
    "message_id", "in_reply_to", "references", "recipient", "subject", "body_text", "body_html", "state", "attempt",
    "attempt_number", "refusals", "lease_until", "not_after", "created_at", "reason", "reply_enhanced", "reply_text",
)  # fmt: skip
_RETRIES = """
SELECT m.id
  FROM unnest(%s::bigint[], %s::integer[]) AS a(id, most)
 CROSS JOIN LATERAL (
    SELECT m.id
      FROM outbox_message m
      JOIN sequences_campaign c ON c.id = m.campaign_id AND c.state = 'running'
     WHERE m.mailbox_id = a.id AND m.state = 'deferred' AND m.retry_at <= %s
     ORDER BY m.retry_at, m.id
     LIMIT a.most
       FOR UPDATE OF m SKIP LOCKED
 ) m
"""


def claim(owner: UUID, mailbox_ids: Sequence[int]) -> list[Job]:
    """Claim what the mailboxes may send now. Their lease must be held by `owner`; others get nothing."""
    with transaction.atomic():
        current = picking.begin(owner, mailbox_ids)
        letters = [_stored(message) for message in _claim_retries(current)]
        letters += _make_messages(picking.pick(current), now=current.now)
    jobs = []
    for letter in letters:
        try:
            jobs.append(_job(letter, current.senders[letter.mailbox_id]))
        except Unbuildable as error:
            _give_up(letter, str(error), now=current.now)
    return jobs


def _give_up(letter: Letter, reason: str, *, now: datetime) -> None:
    """End a message that cannot be built: each further try would fail for the same reason, and hold up the others."""
    message = OutboundMessage.objects.select_related("enrollment").get(pk=letter.pk)
    with transaction.atomic():
        stop(message.enrollment, StopReason.NOT_SENDABLE, detail=reason)
        moved = OutboundMessage.objects.filter(
            pk=message.pk, attempt=letter.attempt, state=MessageState.CLAIMED
        ).update(state=MessageState.FAILED, reason=reason[:500], lease_until=None, ended_at=now)
        if moved:
            record([_entry(message, EventKind.FAILED, now, reason)])


def _claim_retries(current: Round) -> list[OutboundMessage]:
    wanting = {pk: places for pk, places in current.room.items() if places > 0}
    with connection.cursor() as cursor:
        cursor.execute(_RETRIES, [list(wanting), list(wanting.values()), current.now])
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return []
    found = list(
        OutboundMessage.objects.select_related("contact", "enrollment", "step").filter(pk__in=ids).order_by("retry_at")
    )
    loaded = plans({message.campaign_id for message in found})
    stopped = picking.suppressions({message.contact_id: message.contact for message in found})
    claimed = []
    for message in found:
        sender = current.senders[message.mailbox_id]
        verdict = _judge_retry(message, sender, loaded[message.campaign_id], stopped.get(message.contact_id, ""))
        if _settle_retry(message, verdict, now=current.now):
            current.room[sender.id] -= 1
            claimed.append(message)
    return claimed


def _judge_retry(message: OutboundMessage, sender: Sender, plan: CampaignPlan, suppressed: str) -> Verdict:
    facts = picking.lead_facts(
        plan,
        message.contact,
        is_follow_up=message.step.position > 1,
        suppressed=suppressed,
        new=NewLeads(),  # it was counted when it was first claimed
    )
    return decide(lead_gates(facts, sender.facts))


def _settle_retry(message: OutboundMessage, verdict: Verdict, *, now: datetime) -> bool:
    if message.enrollment.state == EnrollmentState.STOPPED:
        cancel(message, message.enrollment.stop_detail or "The sequence was called off.", now=now)
        return False
    match verdict:
        case Drop():
            stop(message.enrollment, StopReason.SUPPRESSED, detail=verdict.words)
            cancel(message, verdict.words, now=now)
        case Hold():
            OutboundMessage.objects.filter(pk=message.pk, state=MessageState.DEFERRED).update(
                retry_at=verdict.until, reason=verdict.words[:500]
            )
        case Send():
            message.attempt, message.state, message.retry_at = uuid4(), MessageState.CLAIMED, None
            message.attempt_number += 1
            message.lease_until = now + timedelta(seconds=leases.LEASE_S)
            message.not_after = verdict.not_after or message.not_after
            moved = OutboundMessage.objects.filter(pk=message.pk, state=MessageState.DEFERRED).update(
                state=message.state,
                attempt=message.attempt,
                attempt_number=message.attempt_number,
                lease_until=message.lease_until,
                not_after=message.not_after,
                retry_at=None,
            )
            return bool(moved)
    return False


def cancel(message: OutboundMessage, reason: str, *, now: datetime) -> bool:
    """Call a message off that has not left; False when it is in other hands or over. Inside a transaction."""
    moved = OutboundMessage.objects.filter(pk=message.pk, state=MessageState.DEFERRED).update(
        state=MessageState.CANCELLED, reason=reason[:500], retry_at=None, ended_at=now
    )
    if moved:
        record([_entry(message, EventKind.CANCELLED, now, reason)])
    return bool(moved)


def _entry(message: OutboundMessage, kind: EventKind, at: datetime, words: str) -> Entry:
    return Entry(
        workspace_id=message.workspace_id,
        kind=kind,
        at=at,
        campaign_id=message.campaign_id,
        contact_id=message.contact_id,
        enrollment_id=message.enrollment_id,
        mailbox_id=message.mailbox_id,
        message_id=message.pk,
        data={"words": words},
    )


def _make_messages(picks: Sequence[Pick], *, now: datetime) -> list[Letter]:
    """Store a message for each pick; its Message-ID and wording are fixed here."""
    if not picks:
        return []
    threads = _threads([pick.enrollment_id for pick in picks if not pick.is_new_lead])
    ids = reserve_ids("outbox_message", len(picks))
    letters = [
        _letter(pk, pick, threads.get(pick.enrollment_id, []), now=now) for pk, pick in zip(ids, picks, strict=True)
    ]
    lease_until = now + timedelta(seconds=leases.LEASE_S)
    copy_rows("outbox_message", _COLUMNS, (_row(letter, lease_until) for letter in letters))
    return letters


def _threads(enrollment_ids: Sequence[int]) -> dict[int, list[OutboundMessage]]:
    """Return what each enrollment has been sent so far, in order; what is in doubt counts: it may have arrived."""
    if not enrollment_ids:
        return {}
    left = [MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.IN_DOUBT]
    rows = (
        OutboundMessage.objects.filter(enrollment__in=enrollment_ids, state__in=left)
        .only("enrollment_id", "message_id", "references", "subject")
        .order_by("step__position")
    )
    threads: dict[int, list[OutboundMessage]] = {}
    for row in rows:
        threads.setdefault(row.enrollment_id, []).append(row)
    return threads


def _letter(pk: int, pick: Pick, thread: Sequence[OutboundMessage], *, now: datetime) -> Letter:
    last = thread[-1] if thread and pick.step.thread is StepThread.REPLY else None
    references = trim_references([*last.references.split(), last.message_id]) if last else []
    contact = pick.contact
    domain = pick.sender.address.rpartition("@")[2]
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
        mailbox_id=pick.sender.id,
        position=pick.step.position,
        message_id=make_message_id(domain, secrets.token_urlsafe(18)),
        in_reply_to=last.message_id if last else "",
        references=" ".join(references),
        recipient=contact.email,
        recipient_name=_name_of(contact),
        recipient_key=contact.email_key,
        recipient_domain=contact.domain,
        subject=reply_subject(last.subject) if last else pick.wording.subject,
        text=pick.wording.text,
        html=pick.wording.html,
        not_after=pick.not_after,
        created_at=now,
    )


def _stored(message: OutboundMessage) -> Letter:
    """Return the letter of a message that was made before; its contact and step are loaded."""
    contact = message.contact
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
        mailbox_id=message.mailbox_id,
        position=message.step.position,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        recipient=message.recipient,
        recipient_name=_name_of(contact),
        recipient_key=contact.email_key,
        recipient_domain=contact.domain,
        subject=message.subject,
        text=message.body_text,
        html=message.body_html,
        not_after=message.not_after,
        created_at=message.created_at,
    )


def _name_of(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}".strip()


def _row(letter: Letter, lease_until: datetime) -> tuple[object, ...]:
    """Return a new message's row, in the order of _COLUMNS."""
    return (
        letter.pk, letter.workspace_id, letter.campaign_id, letter.enrollment_id, letter.contact_id, letter.step_id,
        letter.variant_id, letter.mailbox_id, letter.message_id, letter.in_reply_to, letter.references,
        letter.recipient, letter.subject, letter.text, letter.html, MessageState.CLAIMED.value, letter.attempt,
        letter.attempt_number, letter.refusals, lease_until, letter.not_after, letter.created_at, "", "", "",
    )  # fmt: skip


def _job(letter: Letter, sender: Sender) -> Job:
    key = letter.recipient_key
    return Job(
        message_pk=letter.pk,
        attempt=letter.attempt,
        attempt_number=letter.attempt_number,
        refusals=letter.refusals,
        workspace_id=letter.workspace_id,
        campaign_id=letter.campaign_id,
        contact_id=letter.contact_id,
        enrollment_id=letter.enrollment_id,
        mailbox_id=letter.mailbox_id,
        position=letter.position,
        is_new_lead=letter.position == 1,
        sender=sender.address,
        recipient=key,
        suppression_keys=(
            (SuppressionScope.ADDRESS.value, key),
            *((SuppressionScope.DOMAIN.value, domain) for domain in domain_and_parents(letter.recipient_domain)),
        ),
        content=content_of(letter, sender),
        pace=sender.pace,
        gap_s=draw_gap(sender.facts.limits, sender.pace, seed=letter.message_id).total_seconds(),
    )
