"""Messages whose next try has come: judged by the gates again, claimed, put off, or called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction

from campaigns.sequences.plans import CampaignPlan, plans
from outreach.kit import gate
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.outbox import leases
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.pacing import Drop, Hold, Send, Verdict, decide, lead_gates
from sending.planner import picking
from sending.planner.facts import NewLeads, Sender
from sending.planner.picking import Round
from sending.planner.services import stop
from sending.planner.states import EnrollmentState, StopReason

_DUE = """
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


@dataclass(frozen=True, slots=True)
class CalledOff:
    """A message that must not be tried again, and why. stop: its sequence ends with it."""

    message: OutboundMessage
    words: str
    stop: StopReason | None


def claim_retries(current: Round) -> tuple[list[OutboundMessage], list[CalledOff]]:
    """Claim the messages that are due, within the room of their mailboxes; lowers current.room.

    What must not be tried again is returned, for call_off after the claim: it needs the gates of its workspaces, which
    are taken before anything else is locked. Runs inside the caller's transaction.
    """
    wanting = {pk: places for pk, places in current.room.items() if places > 0}
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [list(wanting), list(wanting.values()), current.now])
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return [], []
    found = list(
        OutboundMessage.objects.select_related("contact", "enrollment", "step").filter(pk__in=ids).order_by("retry_at")
    )
    loaded = plans({message.campaign_id for message in found})
    stopped = picking.suppressions({message.contact_id: message.contact for message in found})
    claimed, called_off = [], []
    for message in found:
        sender = current.senders[message.mailbox_id]
        if message.enrollment.state == EnrollmentState.STOPPED:
            words = message.enrollment.stop_detail or "The sequence was called off."
            called_off.append(CalledOff(message, words, stop=None))
            continue
        verdict = _judge(message, sender, loaded[message.campaign_id], stopped.get(message.contact_id, ""))
        if isinstance(verdict, Drop):
            called_off.append(CalledOff(message, verdict.words, stop=StopReason.SUPPRESSED))
        elif _settle(message, verdict, now=current.now):
            current.room[sender.id] -= 1
            claimed.append(message)
    return claimed, called_off


def call_off(found: Sequence[CalledOff], *, now: datetime) -> None:
    """Cancel messages and end their sequences, a transaction for each, so that gates come first and in no circle."""
    for one in found:
        with transaction.atomic():
            gate.hold_shut(one.message.workspace_id)
            if one.stop is not None:
                stop(one.message.enrollment, one.stop, detail=one.words)
            _cancel(one.message, one.words, now=now)


def entry_about(message: OutboundMessage, kind: EventKind, at: datetime, words: str) -> Entry:
    """Return the event of a message that was decided about without a server."""
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


def _judge(message: OutboundMessage, sender: Sender, plan: CampaignPlan, suppressed: str) -> Verdict:
    facts = picking.lead_facts(
        plan,
        message.contact,
        is_follow_up=message.step.position > 1,
        suppressed=suppressed,
        new=NewLeads(),  # it was counted when it was first claimed
    )
    return decide(lead_gates(facts, sender.facts))


def _settle(message: OutboundMessage, verdict: Send | Hold, *, now: datetime) -> bool:
    """Claim or put off a message; True when it is claimed."""
    rows = OutboundMessage.objects.filter(pk=message.pk, state=MessageState.DEFERRED)
    if isinstance(verdict, Hold):
        rows.update(retry_at=verdict.until, reason=verdict.words[:500])
        return False
    message.attempt, message.state, message.retry_at = uuid4(), MessageState.CLAIMED, None
    message.attempt_number += 1
    message.lease_until = now + timedelta(seconds=leases.LEASE_S)
    message.not_after = verdict.not_after or message.not_after
    moved = rows.update(
        state=message.state,
        attempt=message.attempt,
        attempt_number=message.attempt_number,
        lease_until=message.lease_until,
        not_after=message.not_after,
        retry_at=None,
    )
    return bool(moved)


def _cancel(message: OutboundMessage, reason: str, *, now: datetime) -> None:
    moved = OutboundMessage.objects.filter(pk=message.pk, state=MessageState.DEFERRED).update(
        state=MessageState.CANCELLED, reason=reason[:500], retry_at=None, ended_at=now
    )
    if moved:
        record([entry_about(message, EventKind.CANCELLED, now, reason)])
