"""Take in one mail: keep it, understand it, act on it, all in one transaction and only once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit import clock, gate
from sending.bounces import Kind, Mail, Verdict, classify_mail, parse_mail
from sending.imap import RawMail
from sending.inbox.matching import Match, MatchedBy, match
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.outbox.services import confirm_sent
from sending.pacing import HoldCode, Pace
from sending.planner.services import postpone, stop, stop_contact
from sending.planner.states import StopReason

# Out of office without a date: the usual absence.
USUAL_ABSENCE = timedelta(days=7)
_DAY = timedelta(days=1)
_PERSONAL = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY, Kind.OPT_OUT})


@dataclass(frozen=True, slots=True)
class Arrival:
    """A stored mail with all that is known about it."""

    mailbox: Mailbox
    row: InboundMessage
    mail: Mail
    verdict: Verdict
    match: Match


def take_in(mailbox: Mailbox, raw: RawMail) -> InboundMessage | None:
    """Store a mail and act on it; None when it is known already or is our own.

    The mail and what follows from it commit together: a crash leaves neither or both, and a second reading is a no-op.
    """
    mail = parse_mail(raw.raw)
    verdict = classify_mail(mail)
    with transaction.atomic():
        # Before anything else: what follows may stop a sequence, and stops win over messages that are leaving.
        gate.hold_shut(mailbox.workspace_id)
        found = match(mailbox, mail, verdict)
        row = _store(mailbox, raw, mail, verdict, found)
        if row is None:
            return None
        arrival = Arrival(mailbox, row, mail, verdict, found)
        if found.message is not None and found.by is not MatchedBy.ADDRESS:
            # A mail that only comes from the same person may answer another message, or none.
            confirm_sent(found.message.pk, evidence=f"{verdict.kind.replace('_', ' ')} received")
        if found.contact is not None:
            _ACTIONS.get(Kind(row.kind), _only_keep)(arrival)
    return row


def content_key(mail: Mail, raw: bytes) -> str:
    """Return what makes a mail the same mail in another folder or under another UID.

    The Message-ID alone would let a hostile mail hide another, so the body belongs to it; transport headers do not.
    """
    parts = (
        mail.message_id,
        mail.from_address,
        mail.subject,
        mail.text or raw.partition(b"\r\n\r\n")[2].hex(),
    )
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _store(mailbox: Mailbox, raw: RawMail, mail: Mail, verdict: Verdict, found: Match) -> InboundMessage | None:
    key = content_key(mail, raw.raw)
    if InboundMessage.objects.filter(mailbox=mailbox, content_key=key).exists():
        return None
    # Our own mail, seen from outside, is no answer and no request of the person it went to.
    is_own = mail.from_address.lower() == mailbox.address.lower() and verdict.kind in _PERSONAL
    message = found.message
    return InboundMessage.objects.create(
        workspace_id=mailbox.workspace_id,
        mailbox=mailbox,
        content_key=key,
        message_id=mail.message_id[:998],
        from_name=mail.from_name[:200],
        from_address=mail.from_address[:320],
        subject=mail.subject[:998],
        text=mail.text,
        raw=raw.raw,
        truncated=raw.truncated,
        received_at=raw.internaldate or clock.now(),
        kind=Kind.OTHER if is_own else verdict.kind,
        category=verdict.category,
        evidence=[{"layer": one.layer, "rule": one.rule, "words": one.words} for one in verdict.evidence],
        contact=found.contact,
        enrollment=message.enrollment if message else None,
        answers=message,
        matched_by=found.by,
    )


def _reply(arrival: Arrival) -> None:
    _tell(arrival, EventKind.REPLIED)
    message = arrival.match.message
    if message is not None and message.campaign.stop_on_reply:
        stop(message.enrollment, StopReason.REPLIED, detail=arrival.mail.subject)


def _auto_reply(arrival: Arrival) -> None:
    until = _back_at(arrival)
    _tell(arrival, EventKind.AUTO_REPLIED, until=until.isoformat())
    if arrival.match.message is not None:
        words = f"Out of office: {arrival.mail.subject}"
        postpone(arrival.match.message.enrollment, until, code=HoldCode.ABSENT, words=words)


def _back_at(arrival: Arrival) -> datetime:
    received = arrival.row.received_at
    pace = Pace(arrival.mailbox.workspace.time_scale)
    date = arrival.verdict.return_date
    if date is None:
        return received + pace.shrink(USUAL_ABSENCE)
    away = datetime(date.year, date.month, date.day, tzinfo=received.tzinfo) + _DAY - received
    return received + pace.shrink(max(away, _DAY))


def _bounce(arrival: Arrival) -> None:
    if arrival.match.by is not MatchedBy.ORIGINAL_ID and arrival.match.by is not MatchedBy.REFERENCES:
        return  # a report that does not name our message proves nothing: anybody can write one
    if not arrival.verdict.category.suppresses:
        _tell(arrival, EventKind.BOUNCED_SOFT)
        return
    _tell(arrival, EventKind.BOUNCED_HARD)
    _forbid(arrival, SuppressionReason.NO_SUCH_ADDRESS, StopReason.BOUNCED)


def _complaint(arrival: Arrival) -> None:
    if arrival.match.by is MatchedBy.ADDRESS:
        return
    _tell(arrival, EventKind.COMPLAINED)
    _forbid(arrival, SuppressionReason.COMPLAINED, StopReason.COMPLAINED)


def _opt_out(arrival: Arrival) -> None:
    _tell(arrival, EventKind.OPTED_OUT)
    _forbid(arrival, SuppressionReason.OPTED_OUT, StopReason.OPTED_OUT)


def _only_keep(_arrival: Arrival) -> None:
    """Kept and shown, never dropped; nothing follows from it."""


def _forbid(arrival: Arrival, reason: SuppressionReason, why: StopReason) -> None:
    contact = arrival.match.contact
    assert contact is not None  # actions run only where somebody of ours was found
    words = "; ".join(one.words for one in arrival.verdict.evidence)
    suppress(arrival.mailbox.workspace, contact.email_key, reason, evidence=words)
    stop_contact(contact, why, detail=words)
    _tell(arrival, EventKind.SUPPRESSED)


def _tell(arrival: Arrival, kind: EventKind, **data: Any) -> None:
    message = arrival.match.message
    contact = arrival.match.contact
    record(
        [
            Entry(
                workspace_id=arrival.mailbox.workspace_id,
                kind=kind,
                at=arrival.row.received_at,
                campaign_id=message.campaign_id if message else None,
                contact_id=contact.pk if contact else None,
                enrollment_id=message.enrollment_id if message else None,
                mailbox_id=arrival.mailbox.pk,
                message_id=message.pk if message else None,
                data={"inbound": arrival.row.pk, "category": arrival.verdict.category.value, **data},
            )
        ]
    )


_ACTIONS: dict[Kind, Callable[[Arrival], None]] = {
    Kind.HUMAN_REPLY: _reply,
    Kind.AUTO_REPLY: _auto_reply,
    Kind.BOUNCE: _bounce,
    Kind.COMPLAINT: _complaint,
    Kind.OPT_OUT: _opt_out,
}
