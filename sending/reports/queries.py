"""Read-only questions over all rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, QuerySet
from django.http import Http404

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.inbox.models import InboundMessage
from sending.inbox.queries import answers_to
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.queries import events_of_message
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one message, in the order in which it happened."""

    message: OutboundMessage
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    answers: Sequence[InboundMessage]


@dataclass(frozen=True, slots=True)
class Held:
    """How many people a hold keeps back now, and the instant of the next look."""

    code: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Checklist:
    """The first steps of a new workspace."""

    has_mailbox: bool
    has_contacts: bool
    has_campaign: bool
    has_launched: bool

    @property
    def is_done(self) -> bool:
        return self.has_mailbox and self.has_contacts and self.has_campaign and self.has_launched


def messages_of(member: Member, *, state: str = "", campaign: str = "", search: str = "") -> QuerySet[OutboundMessage]:
    """Return the workspace's messages for keyset paging by id; search is a prefix of the recipient's address."""
    rows = OutboundMessage.objects.filter(workspace=member.workspace).select_related("campaign", "mailbox", "step")
    if state:
        rows = rows.filter(state=state)
    if campaign.isdecimal():
        rows = rows.filter(campaign=int(campaign))
    if search:
        contacts = Contact.objects.filter(workspace=member.workspace, email_key__startswith=search.strip().lower())
        rows = rows.filter(contact__in=contacts.values("pk")[:1000])
    return rows.defer("body_text", "body_html", "references").order_by("-id")


def story_for(member: Member, pk: int) -> Story:
    """Return the story of one message of the member's workspace. Raises Http404 for any other."""
    rows = OutboundMessage.objects.filter(workspace=member.workspace, pk=pk)
    message = rows.select_related("campaign", "mailbox", "contact", "step", "variant", "enrollment").first()
    if message is None:
        raise Http404("No such message")
    workspace_id = member.workspace.pk
    return Story(
        message=message,
        attempts=list(Attempt.objects.filter(message=message).order_by("number")),
        events=events_of_message(workspace_id, pk),
        answers=answers_to(workspace_id, pk),
    )


def in_hand(member: Member, states: Sequence[MessageState]) -> dict[str, int]:
    """Return how many messages are in each of these (few) states now."""
    rows = OutboundMessage.objects.filter(workspace=member.workspace, state__in=states).values_list("state")
    return dict(rows.annotate(count=Count("pk")))


def waiting_by_reason(member: Member) -> Sequence[Held]:
    """Return why people who are due do not get their message now, most first."""
    rows = (
        Enrollment.objects.filter(
            workspace=member.workspace, state=EnrollmentState.ACTIVE, campaign__state=CampaignState.RUNNING
        )
        .exclude(hold_code="")
        .values_list("hold_code")
        .annotate(count=Count("pk"))
        .order_by("-count")
    )
    return [Held(code, code.replace("_", " "), count) for code, count in rows]


def mailboxes_that_need_you(member: Member) -> Sequence[Mailbox]:
    """Return the mailboxes that send nothing until a person acts."""
    states = [MailboxState.NEEDS_SIGN_IN, MailboxState.BLOCKED, MailboxState.UNTESTED]
    return list(Mailbox.objects.filter(workspace=member.workspace, state__in=states).order_by("address"))


def checklist_of(member: Member) -> Checklist:
    """Return which of the first steps are done."""
    workspace = member.workspace
    campaigns = Campaign.objects.filter(workspace=workspace)
    return Checklist(
        has_mailbox=Mailbox.objects.filter(workspace=workspace, state=MailboxState.ACTIVE).exists(),
        has_contacts=Contact.objects.filter(workspace=workspace).exists(),
        has_campaign=campaigns.exists(),
        has_launched=campaigns.exclude(launched_at=None).exists(),
    )


def last_days(count: int) -> list[date]:
    """Return the last `count` days including today (UTC), oldest first."""
    today = clock.now().date()
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


FEED_KINDS = (
    EventKind.SENT,
    EventKind.REPLIED,
    EventKind.AUTO_REPLIED,
    EventKind.BOUNCED_HARD,
    EventKind.BOUNCED_SOFT,
    EventKind.COMPLAINED,
    EventKind.OPTED_OUT,
    EventKind.IN_DOUBT,
    EventKind.FAILED,
    EventKind.DEFERRED,
    EventKind.LAUNCHED,
    EventKind.PAUSED,
    EventKind.RESUMED,
    EventKind.MAILBOX_PAUSED,
)
