"""Which of our messages a mail answers: by references, by the original named in a bounce, then by address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from campaigns.contacts.models import Contact
from outreach.kit.addresses import BadAddress, parse_address
from sending.bounces import Mail, Verdict
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

# Our Message-IDs are looked up in the order in which they prove most; a hostile mail may name thousands.
_MOST_IDS = 50


class MatchedBy(StrEnum):
    """What tied a mail to a person."""

    REFERENCES = "references"  # In-Reply-To or References names our message
    ORIGINAL_ID = "original_id"  # a report carries our Message-ID
    ADDRESS = "address"  # the sender is a contact whom this mailbox wrote to
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a mail is from or about; empty when nobody of ours."""

    by: MatchedBy
    message: OutboundMessage | None = None
    contact: Contact | None = None


def match(mailbox: Mailbox, mail: Mail, verdict: Verdict) -> Match:
    """Return the message and contact that the mail belongs to, within the mailbox's workspace only."""
    threaded = [mail.in_reply_to, *reversed(mail.references)]
    for by, ids in ((MatchedBy.REFERENCES, threaded), (MatchedBy.ORIGINAL_ID, verdict.original_message_ids)):
        message = _by_message_id(mailbox, [one for one in ids if one][:_MOST_IDS])
        if message is not None:
            return Match(by, message, message.contact)
    return _by_address(mailbox, mail.from_address)


def _by_message_id(mailbox: Mailbox, ids: list[str]) -> OutboundMessage | None:
    if not ids:
        return None
    rows = OutboundMessage.objects.select_related("contact", "enrollment", "campaign").filter(
        workspace=mailbox.workspace_id, message_id__in=ids
    )
    found = {row.message_id: row for row in rows}
    return next((found[one] for one in ids if one in found), None)


def _by_address(mailbox: Mailbox, address: str) -> Match:
    try:
        key = parse_address(address).key
    except BadAddress:
        return Match(MatchedBy.NOTHING)
    rows = OutboundMessage.objects.select_related("contact", "enrollment", "campaign").filter(
        workspace=mailbox.workspace_id,
        mailbox=mailbox,
        contact__email_key=key,
        state__in=[MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.IN_DOUBT],
    )
    message = rows.order_by("-id").first()
    if message is not None:
        return Match(MatchedBy.ADDRESS, message, message.contact)
    contact = Contact.objects.filter(workspace=mailbox.workspace_id, email_key=key).first()
    return Match(MatchedBy.ADDRESS, None, contact) if contact else Match(MatchedBy.NOTHING)
