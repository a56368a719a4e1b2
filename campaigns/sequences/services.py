"""Write campaigns: create, edit their parts, move their state. One verb, one transaction.

Every edit locks the campaign's row first, so that edits, launch and each other wait in line. `seen` is the
fingerprint of what the person's page was drawn from (see seen.py); without it whatever stands there is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from string import ascii_uppercase

from django.db import transaction
from django.db.models import F, Max

from campaigns.calendar import ClosedSpan, Region, WaitUnit, Window
from campaigns.contacts.models import ContactList, Segment
from campaigns.sequences import queries
from campaigns.sequences.errors import BadEdit, IllegalMove, Overtaken
from campaigns.sequences.models import (
    AudienceList,
    AudienceSegment,
    Campaign,
    ClosedDays,
    HolidayRegion,
    SendWindow,
    Step,
    Variant,
)
from campaigns.sequences.seen import seen_audience, seen_schedule, seen_step, seen_variant
from campaigns.sequences.states import CAMPAIGN_MOVES, CampaignState, Priority, StepThread, opens_thread
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock

OFFICE_HOURS = tuple(Window(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6))
# The waits that fit most people (days after the message before).
USUAL_WAITS = (0, 3, 4, 7)
MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign may send, as a person sets it."""

    time_zone: str
    use_contact_zone: bool
    windows: Sequence[Window]
    new_leads_per_day: int | None = None
    closed: Sequence[ClosedSpan] = ()  # of this campaign alone
    regions: Sequence[Region] = ()  # whose public holidays close this campaign alone
    daily_limit: int | None = None
    priority: Priority = Priority.NORMAL


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
    with transaction.atomic():
        _locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(name=name)


def save_schedule(campaign: Campaign, schedule: Schedule, *, seen: str | None = None) -> None:
    """Set when the campaign may send; a running campaign follows it from its next claim.

    Raises BadEdit for windows that overlap, Overtaken.
    """
    _refuse_overlap(schedule.windows)
    with transaction.atomic():
        current = _locked(campaign.pk)
        _refuse_overtaken(seen, _seen_schedule(current), "this schedule")
        Campaign.objects.filter(pk=campaign.pk).update(
            time_zone=schedule.time_zone,
            use_contact_zone=schedule.use_contact_zone,
            new_leads_per_day=schedule.new_leads_per_day,
            daily_limit=schedule.daily_limit,
            priority=schedule.priority,
        )
        SendWindow.objects.filter(campaign=campaign).delete()
        _write_windows(campaign, schedule.windows)
        _write_closed(campaign.workspace_id, campaign, schedule.closed, schedule.regions)


def close(workspace: Workspace, spans: Sequence[ClosedSpan], regions: Sequence[Region] = ()) -> None:
    """Set the days on which no campaign of the workspace sends, and the regions on whose public holidays none does.

    Each campaign follows it from its next claim.
    """
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two saves at once wait in line
        _write_closed(workspace.pk, None, spans, regions)


def set_audience(
    campaign: Campaign, list_ids: Sequence[int], segment_ids: Sequence[int] = (), *, seen: str | None = None
) -> None:
    """Write to exactly these lists and segments of the workspace; those of other workspaces are ignored.

    Raises IllegalMove once the campaign was launched, since its people were enrolled then; Overtaken.
    """
    with transaction.atomic():
        current = _locked(campaign.pk)
        if current.state != CampaignState.DRAFT:
            raise IllegalMove(
                "The people of a launched campaign are enrolled: its lists and segments stay as they are."
            )
        before = seen_audience(queries.audience_of(current), queries.audience_segments_of(current))
        _refuse_overtaken(seen, before, "this audience")
        lists = ContactList.objects.filter(workspace=campaign.workspace_id, pk__in=list_ids).order_by("pk")
        segments = Segment.objects.filter(workspace=campaign.workspace_id, pk__in=segment_ids).order_by("pk")
        AudienceList.objects.filter(campaign=campaign).delete()
        AudienceSegment.objects.filter(campaign=campaign).delete()
        AudienceList.objects.bulk_create([AudienceList(campaign=campaign, contact_list=one) for one in lists])
        AudienceSegment.objects.bulk_create([AudienceSegment(campaign=campaign, segment=one) for one in segments])


def let_grow(campaign: Campaign, *, grows: bool) -> None:
    """Enroll whoever comes into the audience after the launch, too, or nobody more; from the next look on."""
    with transaction.atomic():
        _locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(grows=grows)


def leave_out_roles(campaign: Campaign, *, skips: bool) -> None:
    """Leave out the addresses of offices, or write to them, too; from the next claim on, for whoever still waits."""
    with transaction.atomic():
        _locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(skips_roles=skips)


def add_step(campaign: Campaign) -> Step:
    """Add a step behind the last, with one empty wording and the usual wait. Raises BadEdit at the twentieth.

    In a launched campaign it is held until it is written; who has finished the sequence does not get it.
    """
    with transaction.atomic():
        _locked(campaign.pk)
        last = Step.objects.filter(campaign=campaign).aggregate(last=Max("position"))["last"] or 0
        if last >= MOST_STEPS:
            raise BadEdit("", f"A campaign has {MOST_STEPS} steps at most.")
        step = Step.objects.create(
            campaign=campaign,
            position=last + 1,
            wait_amount=USUAL_WAITS[min(last, len(USUAL_WAITS) - 1)],
            wait_unit=WaitUnit.DAYS,
            thread=StepThread.REPLY if last else StepThread.NEW,
        )
        Variant.objects.create(step=step, label="A")
    return step


def save_step(
    step: Step, *, wait_amount: int, wait_unit: WaitUnit, thread: StepThread, seen: str | None = None
) -> None:
    """Set a follow-up's wait and its thread; who waits already keeps the instant. Raises BadEdit, Overtaken."""
    with transaction.atomic():
        current = _step(_locked(step.campaign_id), step)
        _refuse_overtaken(seen, seen_step(current), "this wait")
        if current.position == 1:
            raise BadEdit("", "The first message waits for nothing and opens the thread.")
        Step.objects.filter(pk=step.pk).update(wait_amount=wait_amount, wait_unit=wait_unit, thread=thread)


def remove_step(step: Step) -> None:
    """Remove a step and close the gap. Raises IllegalMove once the campaign was launched: steps carry its history."""
    with transaction.atomic():
        current = _step(_draft(step.campaign_id), step)
        current.delete()
        behind = Step.objects.filter(campaign=step.campaign_id, position__gt=current.position)
        behind.update(position=F("position") - 1)
        _open_with_first(step.campaign_id)


def move_step(step: Step, *, by: int) -> None:
    """Swap a step with its neighbour (by = -1 up, +1 down); nothing happens at an end.

    The waits stay at their places. Whatever comes first opens the thread, and what it displaces answers in it.
    """
    with transaction.atomic():
        current = _step(_draft(step.campaign_id), step)
        other = Step.objects.filter(campaign=step.campaign_id, position=current.position + by).first()
        if other is None:
            return
        for one, place in ((current, other), (other, current)):
            Step.objects.filter(pk=one.pk).update(
                position=place.position,
                wait_amount=place.wait_amount,
                wait_unit=place.wait_unit,
                thread=StepThread.REPLY if one.position == 1 else one.thread,
            )
        _open_with_first(step.campaign_id)


def add_variant(step: Step) -> Variant:
    """Add a wording under the next letter. In a launched campaign it has no share before somebody gives it one."""
    with transaction.atomic():
        campaign = _locked(step.campaign_id)
        _step(campaign, step)
        taken = set(Variant.objects.filter(step=step).values_list("label", flat=True))
        label = next((letter for letter in ascii_uppercase if letter not in taken), None)
        if label is None:
            raise BadEdit("", f"A step has {len(ascii_uppercase)} wordings at most.")
        weight = 1 if campaign.state == CampaignState.DRAFT else 0
        return Variant.objects.create(step=step, label=label, weight=weight)


def save_variant(variant: Variant, text: Text, *, seen: str | None = None) -> None:
    """Set a wording; messages that were made already keep theirs.

    Raises BadEdit when a launched campaign would be left with something that cannot be sent, Overtaken.
    """
    with transaction.atomic():
        campaign = _locked(variant.step.campaign_id)
        current = _variant(variant)
        _refuse_overtaken(seen, seen_variant(current), "this wording")
        if campaign.state != CampaignState.DRAFT:
            _refuse_gaps(current, text)
        Variant.objects.filter(pk=variant.pk).update(
            subject=text.subject, body_text=text.body_text, body_html=text.body_html, weight=text.weight
        )


def remove_variant(variant: Variant) -> None:
    """Remove a wording; one of a launched campaign only loses its share, since it belongs to the history.

    Raises BadEdit for the only one, or the only one with a share.
    """
    with transaction.atomic():
        campaign = _locked(variant.step.campaign_id)
        current = _variant(variant)
        others = Variant.objects.filter(step=current.step_id).exclude(pk=current.pk)
        if campaign.state == CampaignState.DRAFT:
            if not others.exists():
                raise BadEdit("", "A step keeps one wording at least.")
            current.delete()
        else:
            if not others.filter(weight__gt=0).exists():
                raise BadEdit("", "A launched step keeps one wording with a share.")
            Variant.objects.filter(pk=current.pk).update(weight=0)


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
        raise IllegalMove(f"The campaign cannot become {new} now: somebody else may have moved it.")


def _locked(campaign_id: int) -> Campaign:
    """Return the campaign as it stands, its row held until the end of the transaction; claims are not kept waiting."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
    if campaign.state == CampaignState.ARCHIVED:
        raise IllegalMove("An archived campaign is kept as it was.")
    return campaign


def _draft(campaign_id: int) -> Campaign:
    campaign = _locked(campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise IllegalMove("The steps of a launched campaign keep their order: they carry its history.")
    return campaign


def _step(campaign: Campaign, step: Step) -> Step:
    """Return the step as it stands: it may have been moved or removed since it was read."""
    current = Step.objects.filter(campaign=campaign, pk=step.pk).first()
    if current is None:
        raise IllegalMove("Somebody else removed this step.")
    return current


def _variant(variant: Variant) -> Variant:
    current = Variant.objects.select_related("step").filter(pk=variant.pk).first()
    if current is None:
        raise IllegalMove("Somebody else removed this wording.")
    return current


def _refuse_overtaken(seen: str | None, current: str, what: str) -> None:
    if seen is not None and seen != current:
        raise Overtaken(what, seen=current)


def _refuse_gaps(variant: Variant, text: Text) -> None:
    if not text.weight:
        if not Variant.objects.filter(step=variant.step_id, weight__gt=0).exclude(pk=variant.pk).exists():
            raise BadEdit("weight", "This step is being sent: one of its wordings needs a share.")
        return
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread))
    if has_subject and not text.subject.strip():
        raise BadEdit("subject", "This step is being sent: it needs a subject.")
    if not text.body_text.strip():
        raise BadEdit("body_text", "This step is being sent: it needs a text.")


def _refuse_overlap(windows: Sequence[Window]) -> None:
    ordered = sorted(windows, key=lambda one: (one.weekday, one.start))
    if any(one.weekday == after.weekday and after.start < one.end for one, after in pairwise(ordered)):
        raise BadEdit("weekdays", "Two windows of a day overlap.")


def _open_with_first(campaign_id: int) -> None:
    Step.objects.filter(campaign=campaign_id, position=1).update(wait_amount=0, thread=StepThread.NEW)


def _seen_schedule(campaign: Campaign) -> str:
    closed = queries.closed_days_of(campaign.workspace_id, campaign)
    regions = queries.holiday_regions_of(campaign.workspace_id, campaign)
    return seen_schedule(campaign, queries.windows_of(campaign), closed, regions)


def _write_closed(
    workspace_id: int, campaign: Campaign | None, spans: Sequence[ClosedSpan], regions: Sequence[Region]
) -> None:
    ClosedDays.objects.filter(workspace=workspace_id, campaign=campaign).delete()
    ClosedDays.objects.bulk_create(
        ClosedDays(workspace_id=workspace_id, campaign=campaign, first=one.first, last=one.last, name=one.name)
        for one in spans
    )
    HolidayRegion.objects.filter(workspace=workspace_id, campaign=campaign).delete()
    HolidayRegion.objects.bulk_create(
        HolidayRegion(workspace_id=workspace_id, campaign=campaign, country=one.country, part=one.part)
        for one in sorted(set(regions))
    )


def _write_windows(campaign: Campaign, windows: Sequence[Window]) -> None:
    SendWindow.objects.bulk_create(
        [
            SendWindow(campaign=campaign, weekday=one.weekday, start_minute=one.start, end_minute=one.end)
            for one in windows
        ]
    )
