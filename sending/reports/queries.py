"""Read-only questions over all rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, QueryDict

from campaigns.contacts.models import Contact
from campaigns.library.origin_queries import versions_from
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.states import CampaignState, ReplyClass
from outreach.accounts.access import Member
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.inbox.queries import answers_to
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.queries import events_of_message
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import COUNTED_AS_SENT, MessageState
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.tracking.queries import HitTold, hits_of

WENT = "went"  # sent, or in doubt for so long that it counts as sent


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one message, in the order in which it happened."""

    message: OutboundMessage
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    answers: Sequence[InboundMessage]
    hits: Sequence[HitTold]


@dataclass(frozen=True, slots=True)
class Held:
    """How many people of a campaign a hold keeps back now."""

    campaign_id: int
    campaign_name: str
    code: str
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


@dataclass(frozen=True, slots=True)
class MessageFilters:
    """What narrows the list of messages; it lives in the URL.

    q is a prefix of the recipient's address; state may be WENT; answer is the kind of a mail that came back for it,
    label what a person said of one, happened a kind of event about it. template: made from one of the library.
    """

    q: str = ""
    state: str = ""
    campaign: str = ""
    mailbox: str = ""
    step: str = ""
    variant: str = ""
    version: str = ""  # of the wording of `variant`
    template: str = ""
    answer: str = ""
    label: str = ""
    happened: str = ""


def filters_from(query: QueryDict) -> MessageFilters:
    """Read the filters of a URL; what makes no sense is left out."""
    state, answer = query.get("state", ""), query.get("answer", "")
    label, happened = query.get("label", ""), query.get("happened", "")
    return MessageFilters(
        q=query.get("q", "").replace("\0", "").strip()[:100],
        state=state if state in {*MessageState, WENT} else "",
        campaign=number_in(query.get("campaign", "")),
        mailbox=number_in(query.get("mailbox", "")),
        step=number_in(query.get("step", "")),
        variant=number_in(query.get("variant", "")),
        version=number_in(query.get("version", "")),
        template=number_in(query.get("template", "")),
        answer=answer if answer in set(Kind) else "",
        label=label if label in set(ReplyClass) else "",
        happened=happened if happened == EventKind.BOUNCED_HARD else "",
    )


def messages_of(member: Member, filters: MessageFilters) -> QuerySet[OutboundMessage]:
    """Return the workspace's messages that the filters leave, for keyset paging by id."""
    rows = OutboundMessage.objects.filter(workspace=member.workspace).select_related("campaign", "mailbox", "step")
    if filters.state == WENT:
        rows = rows.filter(state__in=COUNTED_AS_SENT)
    elif filters.state:
        rows = rows.filter(state=filters.state)
    if filters.campaign:
        rows = rows.filter(campaign=int(filters.campaign))
    if filters.mailbox:
        rows = rows.filter(mailbox=int(filters.mailbox))
    if filters.step:
        # By their ids: the list can then be walked from its newest row on.
        steps = Step.objects.filter(campaign__workspace=member.workspace, position=int(filters.step))
        rows = rows.filter(step__in=list(steps.values_list("pk", flat=True)))
    if filters.variant:
        rows = rows.filter(variant=int(filters.variant))
        if filters.version:
            rows = rows.filter(wording_version=int(filters.version))
    if filters.q:
        contacts = Contact.objects.filter(workspace=member.workspace, email_key__startswith=filters.q.lower())
        rows = rows.filter(contact__in=contacts.values("pk"))
    if filters.template:
        rows = rows.filter(_made_from(versions_from(member.workspace.pk, int(filters.template))))
    return _that_met(rows, filters).defer("body_text", "body_html", "references").order_by("-id")


def _that_met(rows: QuerySet[OutboundMessage], filters: MessageFilters) -> QuerySet[OutboundMessage]:
    """Narrow messages to those for which something came back, or about which something happened."""
    if filters.answer:
        rows = rows.filter(Exists(InboundMessage.objects.filter(answers=OuterRef("pk"), kind=filters.answer)))
    if filters.label:
        rows = rows.filter(Exists(InboundMessage.objects.filter(answers=OuterRef("pk"), label=filters.label)))
    if filters.happened:
        rows = rows.filter(Exists(Event.objects.filter(message_id=OuterRef("pk"), kind=filters.happened)))
    return rows


def _made_from(versions: Mapping[int, Sequence[int]]) -> Q:
    """Return the condition that a message was made from one of these versions of wordings."""
    made = Q(pk__in=())
    for variant_id, numbers in versions.items():
        made |= Q(variant=variant_id, wording_version__in=numbers)
    return made


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
        hits=hits_of(workspace_id, pk),
    )


def in_doubt(member: Member) -> int:
    """Return how many messages are in doubt now."""
    return OutboundMessage.objects.filter(workspace=member.workspace, state=MessageState.IN_DOUBT).count()


def waiting_by_reason(member: Member) -> Sequence[Held]:
    """Return why people who are due do not get their message now, by campaign, most first."""
    rows = (
        with_reasons(
            Enrollment.objects.filter(
                workspace=member.workspace, state=EnrollmentState.ACTIVE, campaign__state=CampaignState.RUNNING
            )
        )
        .exclude(why_code="")
        .values_list("campaign_id", "campaign__name", "why_code")
        .annotate(count=Count("pk"))
        .order_by("-count", "campaign_id", "why_code")
    )
    return [Held(pk, name, code, count) for pk, name, code, count in rows]


def senders_of(campaign: Campaign) -> Sequence[Mailbox]:
    """Return the mailboxes that carry the campaign, by address."""
    return list(Mailbox.objects.filter(campaigns__campaign=campaign).order_by("address"))


def mailboxes_that_need_you(member: Member) -> Sequence[Mailbox]:
    """Return the mailboxes that send nothing until a person acts."""
    states = [MailboxState.NEEDS_SIGN_IN, MailboxState.BLOCKED, MailboxState.UNTESTED]
    return list(Mailbox.objects.filter(workspace=member.workspace, state__in=states).order_by("address"))


def paused_by_guards(member: Member) -> Sequence[tuple[Campaign, str]]:
    """Return the campaigns that a guard has paused, with why; who was resumed and paused by a person since is none."""
    newest = Event.objects.filter(campaign_id=OuterRef("pk"), kind=EventKind.PAUSED).order_by("-at", "-id")
    rows = Campaign.objects.filter(workspace=member.workspace, state=CampaignState.PAUSED)
    told = rows.annotate(by=newest.values("data__by")[:1], why=newest.values("data__reason")[:1])
    return [(row, str(row.why)) for row in told.order_by("-state_changed_at") if row.by == "guard"]


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


def number_in(text: str) -> str:
    """Return a number that stands in a URL as it is, "" for what is none, or too large for an id."""
    return text if text.isascii() and text.isdigit() and len(text) < 10 else ""


FEED_KINDS = (
    EventKind.SENT,
    EventKind.REPLIED,
    EventKind.AUTO_REPLIED,
    EventKind.BOUNCED_HARD,
    EventKind.BOUNCED_SOFT,
    EventKind.COMPLAINED,
    EventKind.OPTED_OUT,
    EventKind.IN_DOUBT,
    EventKind.SETTLED,
    EventKind.SENT_AGAIN,
    EventKind.FAILED,
    EventKind.DEFERRED,
    EventKind.LAUNCHED,
    EventKind.PAUSED,
    EventKind.RESUMED,
    EventKind.ENDED,
    EventKind.MAILBOX_PAUSED,
    EventKind.MAILBOX_COOLED,
)
