"""Read rehearsals, and what keeps a campaign from being rehearsed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.http import Http404

from campaigns.calendar import Never, next_open
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from campaigns.sequences.positions import step_name
from campaigns.sequences.states import CLOSED, CampaignState
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.outbox.states import AttemptOutcome
from sending.pacing.outlook import Forecast, ForecastDay
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.states import EnrollmentState
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson

_WAITING = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]
_WORDS = ("state", "reason", "words")


def obstacle_of(campaign: Campaign) -> str:
    """Say what keeps a campaign from being rehearsed at all, "" where nothing does.

    Whatever else is missing is shown by the rehearsal itself.
    """
    if campaign.state in CLOSED:
        return "The campaign is over for good."
    if not campaign.steps.exists():
        return "There is no message to play: write a step first."
    if not CampaignMailbox.objects.filter(campaign=campaign, mailbox__state=MailboxState.ACTIVE).exists():
        return "No active mailbox carries the campaign: choose one among its senders."
    plan = plans([campaign.pk])[campaign.pk]
    never = next_open(plan.schedule, plan.zone_for("")[1], clock.now())
    if isinstance(never, Never):
        return f"Nothing could ever go out: {never.reason}"
    return _nobody(campaign)


def _nobody(campaign: Campaign) -> str:
    """Say why nobody is there to be written to, "" where somebody is."""
    if campaign.state == CampaignState.DRAFT:
        if not audience_contacts(campaign).exists():
            return "Nobody is in the audience: choose lists or segments first."
    elif not Enrollment.objects.filter(campaign=campaign, state__in=_WAITING).exists():
        return "Nobody of the campaign is still to be written to."
    return ""


def rehearsals_of(campaign: Campaign) -> Sequence[Rehearsal]:
    """Return the rehearsals that are kept of a campaign, the newest first."""
    return list(Rehearsal.objects.filter(campaign=campaign).select_related("asked_by").order_by("-pk"))


def rehearsal_for(member: Member, pk: int) -> Rehearsal:
    """Return a rehearsal of the member's workspace. Raises Http404 for any other."""
    rows = Rehearsal.objects.filter(workspace=member.workspace, pk=pk)
    row = rows.select_related("campaign__workspace", "asked_by").first()
    if row is None:
        raise Http404("No such rehearsal")
    return row


def message_for(member: Member, pk: int) -> RehearsedMessage:
    """Return a rehearsed message of the member's workspace. Raises Http404 for any other."""
    rows = RehearsedMessage.objects.filter(rehearsal__workspace=member.workspace, pk=pk)
    row = rows.select_related("rehearsal__campaign__workspace", "contact").first()
    if row is None:
        raise Http404("No such message")
    return row


def arrival_for(member: Member, pk: int) -> RehearsedArrival:
    """Return a mail that came back in a rehearsal of the member's workspace. Raises Http404 for any other."""
    rows = RehearsedArrival.objects.filter(message__rehearsal__workspace=member.workspace, pk=pk)
    row = rows.select_related("message__rehearsal__campaign__workspace").first()
    if row is None:
        raise Http404("No such mail")
    return row


def messages_of(
    row: Rehearsal, *, outcome: str = "", step: str = "", day: date | None = None, search: str = ""
) -> QuerySet[RehearsedMessage]:
    """Return the tries of a rehearsal without their bytes, narrowed by what the page was asked for."""
    rows = RehearsedMessage.objects.filter(rehearsal=row).defer("raw")
    if outcome:
        rows = rows.filter(outcome=outcome)
    if step.isdecimal():
        rows = rows.filter(position=int(step[:5]))
    if day:
        zone = ZoneInfo(row.campaign.workspace.time_zone)
        rows = rows.annotate(day=TruncDate("at", tzinfo=zone)).filter(day=day)
    return rows.filter(recipient__istartswith=search) if search else rows


def people_of(row: Rehearsal, *, state: str = "", reason: str = "", search: str = "") -> QuerySet[RehearsedPerson]:
    """Return the people of a rehearsal, narrowed by where they stand."""
    rows = RehearsedPerson.objects.filter(rehearsal=row)
    if state:
        rows = rows.filter(state=state)
    if reason:
        rows = rows.filter(reason=reason)
    return rows.filter(email__istartswith=search) if search else rows


def standing_of(row: Rehearsal) -> dict[str, int]:
    """Return how many people stand where at the end: by state."""
    found = RehearsedPerson.objects.filter(rehearsal=row).order_by().values_list("state").annotate(count=Count("pk"))
    return dict(found)


def reasons_of(row: Rehearsal) -> Sequence[tuple[str, str, int]]:
    """Return why people stand where they stand: (state, reason, how many), the most first."""
    rows = RehearsedPerson.objects.filter(rehearsal=row).exclude(reason="").order_by()
    counted = rows.values_list("state", "reason").annotate(count=Count("pk"))
    return sorted(counted, key=lambda one: (-one[2], one[0], one[1]))


def words_by_reason(row: Rehearsal) -> dict[tuple[str, str], str]:
    """Return, by (state, reason), what is said of the first of the people who stand so, and of whom something is."""
    rows = RehearsedPerson.objects.filter(rehearsal=row).exclude(words="").order_by("state", "reason", "pk")
    return {(state, reason): words for state, reason, words in rows.distinct("state", "reason").values_list(*_WORDS)}


def addresses_in(row: Rehearsal, contact_ids: Collection[int]) -> dict[int, str]:
    """Return the addresses of those of the contacts who are in the rehearsal still."""
    if not contact_ids:
        return {}
    rows = RehearsedPerson.objects.filter(rehearsal=row, contact__in=contact_ids)
    return dict(rows.values_list("contact", "email"))


def mailbox_names(row: Rehearsal, ids: Collection[int]) -> dict[int, str]:
    """Return the addresses of those of the mailboxes that are there still."""
    if not ids:
        return {}
    return dict(Mailbox.objects.filter(workspace=row.workspace_id, pk__in=ids).values_list("pk", "address"))


def steps_of(row: Rehearsal) -> Sequence[tuple[int, str]]:
    """Return the steps that were tried: (position, how it is called)."""
    rows = RehearsedMessage.objects.filter(rehearsal=row).order_by("position").values_list("position", flat=True)
    return [(position, step_name(position)) for position in rows.distinct()]


def arrivals_of(row: Rehearsal) -> Sequence[tuple[str, int]]:
    """Return what came back: (what the inbox took it for, how often)."""
    rows = RehearsedArrival.objects.filter(message__rehearsal=row).order_by()
    return sorted(rows.values_list("kind").annotate(count=Count("pk")), key=lambda one: -one[1])


def outcomes_of(row: Rehearsal) -> dict[str, int]:
    """Return how the tries ended: by AttemptOutcome."""
    rows = RehearsedMessage.objects.filter(rehearsal=row).order_by()
    return dict(rows.values_list("outcome").annotate(count=Count("pk")))


def sent_by_day(row: Rehearsal) -> Forecast:
    """Return what left on each local day of the workspace, in the form of a forecast."""
    zone = ZoneInfo(row.campaign.workspace.time_zone)
    taken = RehearsedMessage.objects.filter(rehearsal=row, outcome=AttemptOutcome.ACCEPTED).order_by()
    counted = taken.annotate(day=TruncDate("at", tzinfo=zone)).values_list("day", "position")
    counts = {(day, position): count for day, position, count in counted.annotate(count=Count("pk"))}
    positions = sorted({position for _, position in counts})
    days = tuple(
        ForecastDay(day, tuple(counts.get((day, position), 0) for position in positions), bound=None)
        for day in sorted({day for day, _ in counts})
    )
    return Forecast(tuple(positions), days, next_at=None, ends_at=None, left=0)


def percent_of(row: Rehearsal) -> int:
    """Return how far the virtual clock is."""
    if row.begins_at is None or row.now_at is None:
        return 0
    return min(100, int(100 * (row.now_at - row.begins_at) / timedelta(days=row.days)))
