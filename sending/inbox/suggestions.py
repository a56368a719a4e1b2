"""Whom a mail of a stranger may answer for: a colleague, or the same person from another address. A person decides.

A thread that names our message is proof and needs no suggestion. Here the sender is unknown and names nothing; what
speaks for somebody is their company's domain, or their name, and our subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Reverse

from campaigns.contacts.models import Contact
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock, gate
from outreach.kit.addresses import key_of
from sending.bounces import Kind, Mail, Verdict
from sending.inbox.arrivals import Arrival
from sending.inbox.labelling import class_of
from sending.inbox.matching import Match, MatchedBy
from sending.inbox.models import InboundMessage
from sending.inbox.outcomes import act
from sending.inbox.threads.joining import belong
from sending.inbox.threads.placing import note_change
from sending.inbox.understanding import understand
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.pacing.receivers import is_free_mail

SPAN = timedelta(days=60)  # between our message and what may answer it
_MOST_COLLEAGUES = 200
_MOST_LOOKED_AT = 1_000  # messages of the mailbox, newest first, where only a name and a subject speak
_KINDS = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY, Kind.BOUNCE})
_PREFIX = re.compile(r"^\s*(?:(?:re|aw|sv|antw|odp|rif|r|wg|fwd?|tr)\s?(?:\[\d+\])?:\s*){1,5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A message of ours that a mail may belong to, and why."""

    message: OutboundMessage
    words: str


def suggest(mailbox: Mailbox, mail: Mail, verdict: Verdict, *, received_at: datetime) -> Suggestion | None:
    """Return what the mail may belong to, None where nothing speaks for anybody. For mails that match nothing."""
    if verdict.kind not in _KINDS:
        return None
    if verdict.kind is Kind.BOUNCE:
        return _by_recipient(mailbox, verdict, received_at)
    domain = key_of(mail.from_address).rpartition("@")[2]
    if domain and not is_free_mail(domain):
        return _by_company(mailbox, mail, domain, received_at)
    return _by_name(mailbox, mail, received_at)


def accept(member: Member, row: InboundMessage) -> bool:
    """Let a mail belong to what is suggested, and let follow from it what follows from an answer of theirs.

    False where nothing is suggested any more. A report proves nothing by that: it stays without consequences.
    """
    member.require(Role.MEMBER)
    with transaction.atomic():
        gate.hold_shut(member.workspace.pk)
        current = _held(member, row)
        message = current.suggested if current else None
        if current is None or message is None or message.contact.erased_at is not None:
            return False
        current.answers, current.contact, current.enrollment = message, message.contact, message.enrollment
        current.matched_by, current.suggested = MatchedBy.PERSON, None
        current.suggested_words = f"{member.user.email} said so on {clock.now():%d %B %Y}."
        current.save(
            update_fields=["answers", "contact", "enrollment", "matched_by", "suggested", "suggested_words"],
        )
        understood = understand(bytes(current.raw))
        found = Match(MatchedBy.PERSON, message, message.contact)
        act(Arrival(current.mailbox, current, understood.mail, understood.verdict, found))
        belong(current, class_of(current))
        note_change(current.thread_id)
    return True


def decline(member: Member, row: InboundMessage) -> bool:
    """Forget a suggestion: it is somebody else. False where nothing is suggested any more."""
    member.require(Role.MEMBER)
    rows = InboundMessage.objects.filter(workspace=member.workspace, pk=row.pk, suggested__isnull=False)
    words = f"{member.user.email} said on {clock.now():%d %B %Y} that it is somebody else."
    if not rows.update(suggested=None, suggested_words=words):
        return False
    note_change(row.thread_id)
    return True


def _held(member: Member, row: InboundMessage) -> InboundMessage | None:
    rows = InboundMessage.objects.select_for_update(of=("self",), no_key=True).select_related(
        "mailbox__workspace", "suggested__contact", "suggested__enrollment", "suggested__campaign"
    )
    return rows.filter(workspace=member.workspace, pk=row.pk).first()


def _by_company(mailbox: Mailbox, mail: Mail, domain: str, received_at: datetime) -> Suggestion | None:
    """Return the message to a colleague: with our subject first, else the newest."""
    colleagues = (
        Contact.objects.annotate(backwards=Reverse("domain"))
        .filter(workspace=mailbox.workspace_id, backwards=domain[::-1])
        .order_by("pk")
        .values_list("pk", flat=True)[:_MOST_COLLEAGUES]
    )
    written = _written(mailbox, received_at).filter(contact__in=list(colleagues)).order_by("-pk")
    about = list(written[:50])
    subject = _bare(mail.subject)
    same = next((one for one in about if subject and _bare(one.subject) == subject), None)
    if same is not None:
        return Suggestion(same, f"Somebody at {domain}, where we wrote under this subject.")
    here = next((one for one in about if one.mailbox_id == mailbox.pk), None)
    return Suggestion(here, f"Somebody at {domain}, where this mailbox wrote to a colleague.") if here else None


def _by_name(mailbox: Mailbox, mail: Mail, received_at: datetime) -> Suggestion | None:
    """Return the message to somebody of this name under this subject: free providers tell nothing else."""
    subject, name = _bare(mail.subject), _name(mail.from_name)
    if not subject or len(name) < 2:  # a first name alone is anybody's
        return None
    newest = _written(mailbox, received_at).filter(mailbox=mailbox).order_by("-pk")[:_MOST_LOOKED_AT]
    for one in newest.only("subject", "contact__first_name", "contact__last_name", "enrollment", "campaign"):
        if _bare(one.subject) == subject and _name(f"{one.contact.first_name} {one.contact.last_name}") == name:
            return Suggestion(one, "The same name as somebody whom this mailbox wrote to under this subject.")
    return None


def _by_recipient(mailbox: Mailbox, verdict: Verdict, received_at: datetime) -> Suggestion | None:
    keys = [key for one in verdict.recipients[:10] if (key := key_of(one))]
    written = _written(mailbox, received_at).filter(contact__email_key__in=keys, mailbox=mailbox)
    newest = written.order_by("-pk").first() if keys else None
    words = "It names a recipient of ours and no message: nothing follows from it by itself."
    return Suggestion(newest, words) if newest else None


def _written(mailbox: Mailbox, received_at: datetime) -> QuerySet[OutboundMessage]:
    rows = OutboundMessage.objects.select_related("contact", "enrollment", "campaign")
    rows = rows.filter(workspace=mailbox.workspace_id, dot_at__lte=received_at, dot_at__gte=received_at - SPAN)
    return rows.filter(contact__erased_at__isnull=True).defer("body_text", "body_html")


def _bare(subject: str) -> str:
    return " ".join(_PREFIX.sub("", subject[:998]).lower().split())


def _name(text: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[\s,.\"']+", text.lower()) if len(word) > 1)
