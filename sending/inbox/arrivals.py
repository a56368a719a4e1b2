"""A mail that was just stored, with all that is known about it; what is told of it, and whom it forbids to write to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from campaigns.contacts.queries import providers_of
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit.addresses import key_of
from sending.bounces import Kind, Mail, Verdict
from sending.inbox.matching import Match
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.mailboxes.cooling import side_of
from sending.mailboxes.models import Mailbox


@dataclass(frozen=True, slots=True)
class Arrival:
    """A stored mail with all that is known about it."""

    mailbox: Mailbox
    row: InboundMessage
    mail: Mail
    verdict: Verdict
    match: Match


def forbid(arrival: Arrival, addresses: Iterable[str], reason: SuppressionReason) -> bool:
    """Suppress addresses in the whole workspace, and tell of it where one of them was not before; True then."""
    keys = dict.fromkeys(key_of(one) for one in addresses)
    workspace, words = arrival.mailbox.workspace, words_of(arrival)
    news = [suppress(workspace, key, reason, evidence=words) for key in keys if key]
    if any(news):
        tell(arrival, EventKind.SUPPRESSED)
    return any(news)


def words_of(arrival: Arrival) -> str:
    """Return the words that the verdict rests on."""
    return "; ".join(one.words for one in arrival.verdict.evidence)


def side_at(address: str) -> str:
    """Return what a mailbox leaves alone that an address distrusts: the large provider behind it, or its domain."""
    domain = key_of(address).rpartition("@")[2]
    return side_of(domain, known=providers_of({domain}).get(domain, ""))


def is_first(arrival: Arrival) -> bool:
    """Say whether it is the first of its kind from this person in this campaign: rates count people, not mails."""
    row = arrival.row
    earlier = earlier_than(arrival)
    if row.enrollment_id:
        return not earlier.filter(enrollment=row.enrollment_id).exists()
    return not earlier.filter(contact=row.contact_id).exists()


def earlier_than(arrival: Arrival) -> QuerySet[InboundMessage]:
    """Return the other mails of the same kind."""
    return InboundMessage.objects.filter(kind=arrival.row.kind).exclude(pk=arrival.row.pk)


def tell(arrival: Arrival, kind: EventKind, *, how: How = How.PLAIN, **data: Any) -> None:
    """Record an event about the mail, with what it rests on."""
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
                # of the message: a bounce counts against the mailbox that sent, whichever reads of it
                mailbox_id=message.mailbox_id if message else arrival.mailbox.pk,
                message_id=message.pk if message else None,
                data={
                    "inbound": arrival.row.pk,
                    "category": arrival.verdict.category.value,
                    **_evidence(arrival),
                    **data,
                },
                how=how,
            )
        ]
    )


def _evidence(arrival: Arrival) -> dict[str, str]:
    """Return what the event rests on; of a person's own words nothing stands in the ledger, which outlives them."""
    machine = arrival.verdict.kind in {Kind.BOUNCE, Kind.COMPLAINT}
    return {"text": words_of(arrival)[:300]} if machine else {}
