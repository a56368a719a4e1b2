"""Messages whose next try has come: judged by the gates again, claimed, put off, or called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction

from campaigns.contacts.models import Suppression
from campaigns.contacts.queries import suppressing
from campaigns.sequences.plans import CampaignPlan, plans
from outreach.kit import gate, statements
from outreach.kit.addresses import key_of
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.outbox import leases
from sending.outbox.cancels import cancel_answer, cancel_stopped
from sending.outbox.events import entry_about, position_of
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.pacing import Drop, Hold, HoldCode, Verdict, decide, lead_gates
from sending.pacing.throttles import Throttle
from sending.planner.claim import asking
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.claim.facts import NewLeads, Sender
from sending.planner.claim.held import Held, Written
from sending.planner.claim.picking import Round
from sending.planner.claim.refusals import Refusals
from sending.planner.claim.strangers import suppress_strangers
from sending.planner.services import stop
from sending.planner.states import EnrollmentState, StopReason

# Hardly any claim finds one: one probe says so of answers and steps.
_ANY_DUE = """
SELECT EXISTS (SELECT FROM outbox_message m
                WHERE m.mailbox_id = ANY(%s::bigint[]) AND m.state = 'deferred' AND m.retry_at <= %s::timestamptz)
"""
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
# Answers go before all that a campaign sends.
_DUE_ANSWERS = """
SELECT m.id
  FROM unnest(%s::bigint[], %s::integer[]) AS a(id, most)
 CROSS JOIN LATERAL (
    SELECT m.id
      FROM outbox_message m
     WHERE m.mailbox_id = a.id AND m.state = 'deferred' AND m.campaign_id IS NULL AND m.retry_at <= %s
     ORDER BY m.retry_at, m.id
     LIMIT a.most
       FOR UPDATE OF m SKIP LOCKED
 ) m
"""
_CLAIM = """
UPDATE outbox_message m
   SET state = 'claimed', attempt = v.attempt, attempt_number = m.attempt_number + 1, lease_until = %s,
       not_after = v.not_after, retry_at = NULL
  FROM unnest(%s::bigint[], %s::uuid[], %s::timestamptz[]) AS v(id, attempt, not_after)
 WHERE m.id = v.id AND m.state = 'deferred'
"""
_PUT_OFF = """
UPDATE outbox_message m
   SET retry_at = v.until, reason = left(v.words, 500)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS v(id, until, words)
 WHERE m.id = v.id AND m.state = 'deferred'
"""


_ASKED_AGAIN = timedelta(hours=1)
_ENDED_BY_PEOPLE = frozenset({HoldCode.ADDRESS_HELD, HoldCode.COMPANY_PAUSED, HoldCode.COOLDOWN})
_ANSWER_LEAVES_WITHIN = timedelta(hours=12)  # from its claim
_ANSWER_IS_LATE = timedelta(hours=24)


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
    wanting = [pk for pk, places in current.room.items() if places > 0]
    if not (wanting and statements.run(_ANY_DUE, [wanting, current.now])[0][0]):
        return [], []
    answers, called_off = _claim_answers(current)
    retried, gone = _claim_steps(current)
    return answers + retried, called_off + gone


def _claim_answers(current: Round) -> tuple[list[OutboundMessage], list[CalledOff]]:
    """Claim the answers of people that are due. They are no campaign's: only the mailbox and the address are asked."""
    wanting = {pk: places for pk, places in current.room.items() if places > 0}
    ids = [pk for (pk,) in statements.run(_DUE_ANSWERS, [list(wanting), list(wanting.values()), current.now])]
    if not ids:
        return [], []
    found = list(OutboundMessage.objects.select_related("contact").filter(pk__in=ids).order_by("retry_at", "pk"))
    suppressed = _suppressed(found)
    claimed, called_off = [], []
    refused = _refused(found)
    for message in found:
        stands = suppressed.get(message.pk, "") or next((row.told for row in refused.get(message.pk, ())), "")
        words = _why_held(message, stands, refused.get(message.pk, ())) or _why_late(message, current.now)
        if words:
            called_off.append(CalledOff(message, words, stop=None))
            continue
        current.room[message.mailbox_id] -= 1
        message.not_after = current.now + _ANSWER_LEAVES_WITHIN
        claimed.append(message)
    _claim(claimed, now=current.now)
    return claimed, called_off


def _why_late(answer: OutboundMessage, now: datetime) -> str:
    """Return why an answer is not to leave unasked any more: what was right to say then may not be now."""
    at = answer.retry_at
    if at is None or now - at <= _ANSWER_IS_LATE:
        return ""
    return (
        f"It was to leave on {at:%d %B %Y, %H:%M} UTC, which is more than a day ago. Send it again if it still holds."
    )


def _why_held(answer: OutboundMessage, suppressed: str, refused: Sequence[Suppression]) -> str:
    """Return which suppression keeps an answer from leaving, "" where none does that a person has not overruled.

    suppressed: what stands against it, by _suppressed or _refused. refused: the rows of the latter.
    """
    if not suppressed or answer.despite_until is None:
        return suppressed
    keys = [key for key in (key_of(answer.recipient), answer.contact.email_key) if key]
    met = suppressing(answer.workspace_id, keys)
    rows = [*refused, *(row for some in met.values() for row in some)]
    later = [row for row in rows if row.confirmed_at > answer.despite_until]
    return suppressed if later else ""


def _claim_steps(current: Round) -> tuple[list[OutboundMessage], list[CalledOff]]:
    wanting = {pk: places for pk, places in current.room.items() if places > 0}
    ids = [pk for (pk,) in statements.run(_DUE, [list(wanting), list(wanting.values()), current.now])]
    if not ids:
        return [], []
    found = list(
        OutboundMessage.objects.select_related("contact", "enrollment", "step").filter(pk__in=ids).order_by("retry_at")
    )
    loaded = plans({pk for message in found if (pk := message.campaign_id) is not None})
    suppressed = _suppressed(found)
    throttling = current.throttling
    assert throttling is not None  # somebody has room, or nothing would be asked for
    throttling.load([message.contact for message in found])
    written = {message.pk: Written(message.workspace_id, key_of(message.recipient)) for message in found}
    people = [message.contact for message in found]
    standing = Held(current.cooling(), [*people, *written.values()], now=current.now)
    consents = Consents(map(_addressed, found), current.paces)
    claimed: list[OutboundMessage] = []
    called_off: list[CalledOff] = []
    held: list[tuple[OutboundMessage, Hold]] = []
    for message in found:
        sender = current.senders[message.mailbox_id]
        assert message.enrollment is not None  # answers have no campaign that runs
        assert message.campaign_id is not None
        if message.enrollment.state == EnrollmentState.STOPPED:
            words = message.enrollment.stop_detail or "The sequence was called off."
            called_off.append(CalledOff(message, words, stop=None))
            continue
        verdict = _judge(
            message,
            sender,
            loaded[message.campaign_id],
            suppressed.get(message.pk, "")
            or standing.refused(message.campaign_id, message.mailbox_id, written[message.pk])
            or standing.refused(message.campaign_id, message.mailbox_id, message.contact),
            throttles=throttling.of(message.contact, message.campaign_id),
            # For the address that stands in it, as at the mark, or their contact's of today.
            held=standing.of(message.mailbox_id, written[message.pk])
            or standing.of(message.mailbox_id, message.contact),
            no_consent=consents.lacking(message.campaign_id, message.contact_id),
        )
        if isinstance(verdict, Drop):
            called_off.append(CalledOff(message, verdict.words, stop=StopReason.SUPPRESSED))
        elif isinstance(verdict, Hold):
            held.append((message, verdict))
        else:
            current.room[sender.id] -= 1
            throttling.add(message.contact, message.campaign_id)
            message.not_after = verdict.not_after or message.not_after
            claimed.append(message)
    _claim(claimed, now=current.now)
    _put_off(held, now=current.now)
    return claimed, called_off


def call_off(found: Sequence[CalledOff], *, now: datetime) -> None:
    """Cancel messages and end their sequences, a transaction for each, so that gates come first and in no circle."""
    answered = {one for gone in found if gone.message.enrollment_id is None for one in _keys_of(gone.message)}
    if answered:
        suppress_strangers(answered)  # as whoever is met by a campaign: from now on a person can lift it
    for one in found:
        with transaction.atomic():
            gate.hold_shut(one.message.workspace_id)
            # The message before its sequence, as everywhere: who deletes its person, or records, holds it already.
            OutboundMessage.objects.select_for_update(no_key=True).filter(pk=one.message.pk).first()
            if one.message.enrollment is None:
                gone = cancel_answer(one.message.pk, words=one.words)
            else:
                if one.stop is not None:
                    stop(one.message.enrollment, one.stop, detail=one.words)
                gone = bool(cancel_stopped([one.message.pk], states=[MessageState.DEFERRED], words=one.words))
            if gone:
                record([entry_about(one.message, EventKind.CANCELLED, now, words=one.words)])


def _addressed(message: OutboundMessage) -> Addressed:
    assert message.campaign_id is not None  # answers are claimed by themselves
    contact = message.contact
    return Addressed(message.workspace_id, message.campaign_id, contact.pk, contact.country, contact.domain)


def _suppressed(messages: Sequence[OutboundMessage]) -> dict[int, str]:
    """Return why messages must not be tried again: for the address that stands in them, or their contact's of today."""
    # A recipient without a key cannot be built: its claim ends it.
    asked = {message.pk: _keys_of(message) for message in messages}
    found = asking.why_suppressed({one for keys in asked.values() for one in keys})
    return {pk: found[one] for pk, keys in asked.items() for one in keys if one in found}


def _refused(messages: Sequence[OutboundMessage]) -> dict[int, list[Suppression]]:
    """Return what keeps the mailboxes of messages from their addresses."""
    refusals = Refusals({one for message in messages for one in _keys_of(message)})
    found = {
        message.pk: [row for key in _keys_of(message) for row in refusals.rows(message.mailbox_id, key)]
        for message in messages
    }
    return {pk: rows for pk, rows in found.items() if rows}


def _keys_of(message: OutboundMessage) -> list[tuple[int, str]]:
    return [(message.workspace_id, key) for key in (key_of(message.recipient), message.contact.email_key) if key]


def _judge(  # noqa: PLR0913  # what the gates ask
    message: OutboundMessage,
    sender: Sender,
    plan: CampaignPlan,
    suppressed: str,
    *,
    throttles: tuple[Throttle, ...],
    held: tuple[Hold, ...],
    no_consent: str,
) -> Verdict:
    facts = asking.lead_facts(
        plan,
        message.contact,
        # Who may have got it already may have answered: it waits for a fresh reading, as a follow-up does.
        is_follow_up=position_of(message) > 1 or message.again_at is not None,
        suppressed=suppressed,
        new=NewLeads(),  # it was counted when it was first claimed
        throttles=throttles,
        held=held,
        no_consent=no_consent,
    )
    return decide(lead_gates(facts, sender.facts))


def _claim(messages: Sequence[OutboundMessage], *, now: datetime) -> None:
    """Give messages, which are locked, a new attempt."""
    lease_until = now + timedelta(seconds=leases.LEASE_S)
    for message in messages:
        message.attempt = uuid4()
        message.attempt_number += 1
    if messages:
        columns = [(one.pk, one.attempt, one.not_after) for one in messages]
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [lease_until, *(list(column) for column in zip(*columns, strict=True))])


def _put_off(held: Sequence[tuple[OutboundMessage, Hold]], *, now: datetime) -> None:
    """Let messages wait for what holds them; a rest that a person may end at any moment is asked again each hour."""
    if held:
        soon = now + _ASKED_AGAIN
        columns = [
            (message.pk, min(hold.until, soon) if hold.code in _ENDED_BY_PEOPLE else hold.until, hold.words)
            for message, hold in held
        ]
        with connection.cursor() as cursor:
            cursor.execute(_PUT_OFF, [list(column) for column in zip(*columns, strict=True)])
