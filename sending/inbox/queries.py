"""Read what came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404

from campaigns.contacts.models import Contact
from outreach.accounts.access import Member
from sending.bounces import Kind
from sending.inbox.models import InboundMessage, MailboxSync
from sending.pacing.receivers import is_free_mail
from sending.planner.models import Pause
from sending.planner.services import colleagues_of, company_pause


def inbound_of(member: Member, *, kind: Kind | None = None) -> QuerySet[InboundMessage]:
    """Return the workspace's inbound mail without bodies, newest first, for keyset paging by (received_at, id)."""
    rows = InboundMessage.objects.filter(workspace=member.workspace).select_related("contact", "mailbox")
    if kind is not None:
        rows = rows.filter(kind=kind)
    return rows.defer("raw", "text").order_by("-received_at", "-id")


def inbound_for(member: Member, pk: int) -> InboundMessage:
    """Return one inbound mail of the member's workspace. Raises Http404 for any other."""
    rows = InboundMessage.objects.filter(workspace=member.workspace, pk=pk).defer("raw")
    row = rows.select_related(
        "contact", "mailbox", "answers", "enrollment__campaign", "labelled_by", "suggested__contact"
    ).first()
    if row is None:
        raise Http404("No such mail")
    return row


@dataclass(frozen=True, slots=True)
class Company:
    """The company of somebody who has written. colleagues: others there to whom something may still be sent."""

    domain: str
    pause: Pause | None
    colleagues: int


def company_of(contact: Contact | None) -> Company | None:
    """Return the company of whoever has written; None for nobody of ours, and at free providers."""
    if contact is None or is_free_mail(contact.domain):
        return None
    colleagues = colleagues_of(contact).values("contact").distinct().count()
    return Company(contact.domain, company_pause(contact.workspace_id, contact.domain), colleagues)


def unreadable_of(member: Member) -> Sequence[MailboxSync]:
    """Return the mailboxes of the workspace whose last reading failed, with what stands in the way."""
    rows = MailboxSync.objects.filter(mailbox__workspace=member.workspace, failures__gt=0)
    return list(rows.select_related("mailbox").order_by("mailbox__address"))


def answers_to(workspace_id: int, message_id: int) -> Sequence[InboundMessage]:
    """Return what came back for one of our messages, in order."""
    rows = InboundMessage.objects.filter(workspace=workspace_id, answers=message_id)
    return list(rows.defer("raw").order_by("received_at", "id"))
