"""Write campaigns: create, edit their parts, move their state. One verb, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Max

from campaigns.calendar import WaitUnit, Window
from campaigns.contacts.models import ContactList
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import AudienceList, Campaign, SendWindow, Step, Variant
from campaigns.sequences.states import CAMPAIGN_MOVES, CampaignState, StepThread
from outreach.accounts.access import Member
from outreach.kit import clock

OFFICE_HOURS = tuple(Window(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6))
# The waits that fit most people (days after the message before).
USUAL_WAITS = (0, 3, 4, 7)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign may send, as a person sets it."""

    time_zone: str
    use_contact_zone: bool
    windows: Sequence[Window]
    new_leads_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """The wording of a variant, as a person writes it."""

    subject: str
    body_text: str
    body_html: str = ""
    weight: int = 1


def create_campaign(member: Member, name: str) -> Campaign:
    """Create a draft with office hours in the workspace's zone and one empty step."""
    with transaction.atomic():
        campaign = Campaign.objects.create(
            workspace=member.workspace,
            name=name,
            time_zone=member.workspace.time_zone,
            created_by=member.user,
        )
        _write_windows(campaign, OFFICE_HOURS)
        add_step(campaign)
    return campaign


def rename(campaign: Campaign, name: str) -> None:
    """Give the campaign another name."""
    Campaign.objects.filter(pk=campaign.pk).update(name=name)


def save_schedule(campaign: Campaign, schedule: Schedule) -> None:
    """Set when the campaign may send; a running campaign follows it from its next claim."""
    with transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(
            time_zone=schedule.time_zone,
            use_contact_zone=schedule.use_contact_zone,
            new_leads_per_day=schedule.new_leads_per_day,
        )
        SendWindow.objects.filter(campaign=campaign).delete()
        _write_windows(campaign, schedule.windows)


def set_audience(campaign: Campaign, list_ids: Sequence[int]) -> None:
    """Write to exactly these lists of the workspace; lists of other workspaces are ignored."""
    wanted = set(
        ContactList.objects.filter(workspace=campaign.workspace_id, pk__in=list_ids).values_list("pk", flat=True)
    )
    with transaction.atomic():
        AudienceList.objects.filter(campaign=campaign).exclude(contact_list__in=wanted).delete()
        AudienceList.objects.bulk_create(
            [AudienceList(campaign=campaign, contact_list_id=pk) for pk in sorted(wanted)],
            ignore_conflicts=True,
        )


def add_step(campaign: Campaign) -> Step:
    """Add a step behind the last, with one empty wording and the usual wait."""
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        last = Step.objects.filter(campaign=campaign).aggregate(last=Max("position"))["last"] or 0
        step = Step.objects.create(
            campaign=campaign,
            position=last + 1,
            wait_amount=USUAL_WAITS[min(last, len(USUAL_WAITS) - 1)],
            wait_unit=WaitUnit.DAYS,
            thread=StepThread.REPLY if last else StepThread.NEW,
        )
        Variant.objects.create(step=step, label="A")
    return step


def save_step(step: Step, *, wait_amount: int, wait_unit: WaitUnit, thread: StepThread) -> None:
    """Set a step's wait and its thread."""
    Step.objects.filter(pk=step.pk).update(wait_amount=wait_amount, wait_unit=wait_unit, thread=thread)


def remove_step(step: Step) -> None:
    """Remove a step and close the gap. Raises IllegalMove once the campaign was launched: steps carry its history."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=step.campaign_id)
        _refuse_unless_draft(campaign)
        Step.objects.filter(pk=step.pk).delete()
        Step.objects.filter(campaign=campaign, position__gt=step.position).update(position=F("position") - 1)


def move_step(step: Step, *, by: int) -> None:
    """Swap a step with its neighbour (by = -1 up, +1 down); nothing happens at an end."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=step.campaign_id)
        _refuse_unless_draft(campaign)
        other = Step.objects.filter(campaign=campaign, position=step.position + by).first()
        if other is not None:
            Step.objects.filter(pk=step.pk).update(position=other.position)
            Step.objects.filter(pk=other.pk).update(position=step.position)


def add_variant(step: Step) -> Variant:
    """Add a wording under the next letter."""
    with transaction.atomic():
        Step.objects.select_for_update().get(pk=step.pk)
        labels = set(Variant.objects.filter(step=step).values_list("label", flat=True))
        label = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in labels)
        return Variant.objects.create(step=step, label=label)


def save_variant(variant: Variant, text: Text) -> None:
    """Set a wording; messages that were made already keep theirs."""
    Variant.objects.filter(pk=variant.pk).update(
        subject=text.subject, body_text=text.body_text, body_html=text.body_html, weight=text.weight
    )


def remove_variant(variant: Variant) -> None:
    """Remove a wording; one that carried mail only loses its share, since it belongs to the history."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=variant.step.campaign_id)
        if campaign.state == CampaignState.DRAFT:
            Variant.objects.filter(pk=variant.pk).delete()
        else:
            Variant.objects.filter(pk=variant.pk).update(weight=0)


def move_campaign(campaign_id: int, new: CampaignState, *, launched_at: datetime | None = None) -> None:
    """Move the campaign's state by compare-and-swap. Raises IllegalMove when it is not allowed (any more)."""
    sources = [old for old, targets in CAMPAIGN_MOVES.items() if new in targets]
    fields: dict[str, object] = {"state": new, "state_changed_at": clock.now()}
    if launched_at is not None:
        sources = [CampaignState.DRAFT]
        fields["launched_at"] = launched_at
    elif new is CampaignState.RUNNING:
        sources = [CampaignState.PAUSED]
    if not Campaign.objects.filter(pk=campaign_id, state__in=sources).update(**fields):
        raise IllegalMove(f"Campaign {campaign_id} cannot become {new} now.")


def _refuse_unless_draft(campaign: Campaign) -> None:
    if campaign.state != CampaignState.DRAFT:
        raise IllegalMove("The steps of a launched campaign keep their order: they carry its history.")


def _write_windows(campaign: Campaign, windows: Sequence[Window]) -> None:
    SendWindow.objects.bulk_create(
        [
            SendWindow(campaign=campaign, weekday=one.weekday, start_minute=one.start, end_minute=one.end)
            for one in windows
        ]
    )
