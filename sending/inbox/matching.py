"""Which of our messages a mail answers: by references, by the original named in a report, then by address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from campaigns.contacts.models import Contact
from outreach.kit.addresses import BadAddress, key_of, parse_address
from sending.bounces import Kind, Mail, Verdict, ids_by_token
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.smtp import with_ascii_domain

# Our Message-IDs are looked up in the order in which they prove most; a hostile mail may name thousands.
_MOST_IDS = 50
# Of the clocks of two mail servers; a mail that is older than our message by more than this does not answer it.
_SKEW = timedelta(days=1)
_REPORTS = frozenset({Kind.BOUNCE, Kind.DELAYED, Kind.DELIVERED, Kind.COMPLAINT})
_MAY_HAVE_TOKENS = _REPORTS | {Kind.OPT_OUT}
_LEFT = [MessageState.DOT_PENDING, MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT]
# Of what waits to be sent again, a copy may have arrived.
_HAS_LEFT = Q(state__in=_LEFT) | Q(again_at__isnull=False)


class MatchedBy(StrEnum):
    """What tied a mail to a person."""

    REFERENCES = "references"  # In-Reply-To or References names our message
    ORIGINAL_ID = "original_id"  # a report carries our Message-ID
    TOKEN = "token"  # noqa: S105  # a report or an opt-out carries the token of our List-Unsubscribe
    ADDRESS = "address"  # the sender is a contact
    PERSON = "person"  # somebody of the team says so
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a mail is from or about; empty when nobody of ours."""

    by: MatchedBy
    message: OutboundMessage | None = None
    contact: Contact | None = None

    @property
    def names_us(self) -> bool:
        """The mail names a message of ours that was handed over, by an id or token that only who got it has."""
        named = self.by in {MatchedBy.REFERENCES, MatchedBy.ORIGINAL_ID, MatchedBy.TOKEN}
        return named and self.message is not None and self.message.dot_at is not None


def match(mailbox: Mailbox, mail: Mail, verdict: Verdict, *, received_at: datetime) -> Match:
    """Return the message and contact that the mail belongs to, within the mailbox's workspace only.

    What a report carries comes first: its header may name only the thread that the returned message is in.
    """
    domain = with_ascii_domain(mailbox.address).rpartition("@")[2]
    for by, ids in (
        (MatchedBy.ORIGINAL_ID, verdict.original_message_ids),
        (MatchedBy.TOKEN, ids_by_token(mail, domain=domain) if verdict.kind in _MAY_HAVE_TOKENS else ()),
        (MatchedBy.REFERENCES, named_by(mail)),
    ):
        message = _by_message_id(mailbox, [one for one in ids if one][:_MOST_IDS])
        if message is not None:
            return Match(by, message, message.contact)
    if verdict.kind in _REPORTS:
        return Match(MatchedBy.NOTHING)  # machines write them: a person's address on one is forged
    return _by_address(mailbox, mail.from_address, received_at)


def named_by(mail: Mail) -> Sequence[str]:
    """Return the Message-IDs that a mail says it answers, in the order in which they prove most."""
    return (mail.in_reply_to, *reversed(mail.references))


def is_our_own(mailbox: Mailbox, mail: Mail, contact: Contact | None) -> bool:
    """Say whether we wrote it ourselves: a copy of one of our messages, or from our side of the conversation.

    A contact may at the same time be a mailbox of ours: somebody who writes to themselves to see how it looks.
    """
    ours = OutboundMessage.objects.filter(workspace=mailbox.workspace_id, message_id=mail.message_id)
    if mail.message_id and ours.exists():
        return True
    try:
        address = parse_address(mail.from_address)
    except BadAddress:
        return False
    if contact is not None and contact.email_key == address.key:
        return False
    written = Q(address__iexact=address.email) | Q(reply_to__iexact=address.email)
    return Mailbox.objects.filter(written, workspace=mailbox.workspace_id).exists()


def _by_message_id(mailbox: Mailbox, ids: list[str]) -> OutboundMessage | None:
    if not ids:
        return None
    found = {row.message_id: row for row in _messages(mailbox).filter(message_id__in=ids)}
    named = [found[one] for one in ids if one in found]
    # Who answers an answer of ours answers the campaign before it, which stops.
    return next((one for one in named if one.enrollment_id is not None), next(iter(named), None))


def _by_address(mailbox: Mailbox, address: str, received_at: datetime) -> Match:
    key = key_of(address)
    if not key:
        return Match(MatchedBy.NOTHING)
    # People answer to another address of ours, too: the mailbox that reads it only comes first.
    here = Case(When(mailbox=mailbox, then=Value(0)), default=Value(1), output_field=IntegerField())
    message = (
        _messages(mailbox)
        .filter(_HAS_LEFT, contact__email_key=key, dot_at__lte=received_at + _SKEW)
        .order_by(here, "-id")
        .first()
    )
    if message is not None:
        return Match(MatchedBy.ADDRESS, message, message.contact)
    contact = Contact.objects.filter(workspace=mailbox.workspace_id, email_key=key).first()
    return Match(MatchedBy.ADDRESS, None, contact) if contact else Match(MatchedBy.NOTHING)


def _messages(mailbox: Mailbox) -> QuerySet[OutboundMessage]:
    rows = OutboundMessage.objects.select_related("contact__workspace", "enrollment", "campaign", "mailbox")
    return rows.filter(workspace=mailbox.workspace_id).defer("body_text", "body_html")
