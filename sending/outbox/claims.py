"""Claim messages: retries that are due, then new ones, for many mailboxes in one short transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from outreach.kit import gate, statements
from outreach.kit.loading import Columns, load
from outreach.kit.rows import copy_rows, reserve_ids
from sending.domains.keys import KeyLost, Signatures, signatures_of
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.services import shut_out
from sending.outbox import leases
from sending.outbox.events import entry_about
from sending.outbox.jobs import Job, Letter
from sending.outbox.letters import COLUMNS, fault_of_sender, first_letter, job_of, row_of, stored_letter
from sending.outbox.models import OutboundMessage
from sending.outbox.retries import call_off, claim_retries
from sending.outbox.states import MessageState
from sending.outbox.tracing import addressing_of
from sending.planner.claim import picking
from sending.planner.claim.aside import set_aside
from sending.planner.claim.facts import Sender
from sending.planner.claim.picking import Pick, Round
from sending.planner.claim.throttling import InHand
from sending.planner.claim.traces import traces_of
from sending.planner.services import stop
from sending.planner.states import StopReason
from sending.smtp import Unbuildable

_IN_HAND = """
SELECT m.workspace_id, m.contact_id, c.domain, m.campaign_id
  FROM outbox_message m JOIN contacts_contact c ON c.id = m.contact_id
 WHERE m.state = 'claimed' AND m.workspace_id = ANY(%s::bigint[])
"""
_OF_THREAD = Columns(
    OutboundMessage, "m", only=("enrollment_id", "step_id", "state", "message_id", "references", "subject")
)
_STORED = f"""
SELECT {_OF_THREAD.text}
  FROM outbox_message m JOIN sequences_step s ON s.id = m.step_id
 WHERE m.enrollment_id = ANY(%s::bigint[])
 ORDER BY s.position
"""  # noqa: S608  # our own words
# What the thread of a follow-up is made of; what is in doubt counts: it may have arrived.
_LEFT = frozenset({MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.IN_DOUBT})


def claim(owner: UUID, mailbox_ids: Sequence[int]) -> list[Job]:
    """Claim what the mailboxes may send now. Their lease must be held by `owner`; others get nothing."""
    with transaction.atomic():
        current = picking.begin(owner, mailbox_ids)
        if current.throttling and current.throttling.workspaces:
            current.throttling.take_in(_in_hand(current.throttling.workspaces))
        signatures = signatures_of(sender.workspace_id for sender in current.senders.values())
        unable = _set_aside_unable(current, signatures)
        retried, called_off = claim_retries(current)
        letters = [stored_letter(message) for message in retried]
        letters += _make_messages(picking.pick(current), now=current.now)
    for mailbox_id, words in unable.items():
        shut_out(mailbox_id, words)
    call_off(called_off, now=current.now)
    jobs = []
    addressing = addressing_of(letters)
    for letter in letters:
        try:
            sender = current.senders[letter.mailbox_id]
            key = signatures.key_for(sender.workspace_id, sender.address)
            jobs.append(job_of(letter, sender, owner, key, addressing[letter.pk]))
        except Unbuildable as error:
            _give_up(letter, str(error), now=current.now)
    return jobs


def _in_hand(workspace_ids: Sequence[int]) -> list[InHand]:
    """Return what any worker has claimed and not marked yet: with it every message counts towards its throttles."""
    return [InHand(*row) for row in statements.run(_IN_HAND, [list(workspace_ids)])]


def _set_aside_unable(current: Round, signatures: Signatures) -> dict[int, str]:
    """Take mailboxes that can write to nobody out of the round, before anybody is claimed for them."""
    unable = {}
    for pk in list(current.room):
        sender = current.senders[pk]
        words = fault_of_sender(sender.address, sender.display_name, sender.reply_to)
        words = words or _fault_of_signature(sender, signatures)
        if words:
            unable[pk] = words
            del current.room[pk]
    return unable


def _fault_of_signature(sender: Sender, signatures: Signatures) -> str:
    """Say why a mailbox's messages cannot be signed, "" where they can or need not: unsigned they would be spam."""
    try:
        signatures.key_for(sender.workspace_id, sender.address)
    except KeyLost as error:
        return str(error)
    return ""


def _give_up(letter: Letter, reason: str, *, now: datetime) -> None:
    """End a message that cannot be built: each further try would fail for the same reason, and hold up the others."""
    message = OutboundMessage.objects.select_related("enrollment").filter(pk=letter.pk).first()
    if message is None:
        return  # its person was deleted meanwhile
    with transaction.atomic():
        gate.hold_shut(message.workspace_id)
        moved = OutboundMessage.objects.filter(
            pk=message.pk, attempt=letter.attempt, state=MessageState.CLAIMED
        ).update(state=MessageState.FAILED, reason=reason[:500], lease_until=None, ended_at=now)
        if moved:
            record([entry_about(message, EventKind.FAILED, now, words=reason)])
        if message.enrollment is not None:
            stop(message.enrollment, StopReason.NOT_SENDABLE, detail=reason)


def _make_messages(picks: Sequence[Pick], *, now: datetime) -> list[Letter]:
    """Store a message for each pick; its Message-ID and wording are fixed here.

    Whoever has one of their step already gets no second, and keeps nobody of the mailbox waiting.
    """
    if not picks:
        return []
    stored = _stored([pick.enrollment_id for pick in picks if not pick.is_new_lead])
    twice = [pick for pick in picks if pick.step.id in {row.step_id for row in stored.get(pick.enrollment_id, ())}]
    if twice:
        set_aside(twice, now=now)
        picks = [pick for pick in picks if pick not in twice]
    ids = reserve_ids("outbox_message", len(picks))
    traces = traces_of(picks)
    letters = [
        first_letter(
            pk,
            pick,
            [row for row in stored.get(pick.enrollment_id, ()) if row.state in _LEFT],
            now=now,
            traces=traces[pick.enrollment_id],
        )
        for pk, pick in zip(ids, picks, strict=True)
    ]
    lease_until = now + timedelta(seconds=leases.LEASE_S)
    copy_rows("outbox_message", COLUMNS, (row_of(letter, lease_until) for letter in letters))
    return letters


def _stored(enrollment_ids: Sequence[int]) -> dict[int, list[OutboundMessage]]:
    """Return what was made for each enrollment so far, in order."""
    if not enrollment_ids:
        return {}
    stored: dict[int, list[OutboundMessage]] = {}
    for row in load(_OF_THREAD, _STORED, [list(enrollment_ids)]):
        stored.setdefault(row.enrollment_id or 0, []).append(row)
    return stored
