"""Read campaigns and their parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from django.http import Http404

from campaigns.calendar import ClosedSpan, Region, Window
from campaigns.sequences.models import (
    AudienceList,
    AudienceSegment,
    Branch,
    Campaign,
    ClosedDays,
    HolidayRegion,
    Path,
    RemovedPart,
    SendWindow,
    Step,
    Variant,
)
from campaigns.sequences.states import BranchKind, CampaignState
from outreach.accounts.access import Member


def campaigns_of(member: Member) -> Sequence[Campaign]:
    """Return the workspace's campaigns, newest first."""
    return list(Campaign.objects.filter(workspace=member.workspace).order_by("-id"))


def listed(member: Member, *, archived: bool, search: str = "") -> QuerySet[Campaign]:
    """Return the workspace's campaigns that are archived, or those that are not, with the words in their name."""
    rows = Campaign.objects.filter(workspace=member.workspace)
    rows = rows.filter(state=CampaignState.ARCHIVED) if archived else rows.exclude(state=CampaignState.ARCHIVED)
    return rows.filter(name__icontains=search) if search else rows


def campaign_names(workspace_id: int) -> Sequence[tuple[int, str]]:
    """Return the workspace's campaigns to choose among, newest first (a slot of contacts, see outreach/slots.py)."""
    return list(Campaign.objects.filter(workspace=workspace_id).order_by("-id").values_list("pk", "name")[:500])


def campaigns_there(workspace_id: int, ids: Collection[int]) -> set[int]:
    """Return those of the campaigns that the workspace has (a slot of contacts, see outreach/slots.py)."""
    return set(Campaign.objects.filter(workspace=workspace_id, pk__in=ids).values_list("pk", flat=True))


def campaign_for(member: Member, pk: int) -> Campaign:
    """Return a campaign of the member's workspace. Raises Http404 for any other."""
    row = Campaign.objects.filter(workspace=member.workspace, pk=pk).first()
    if row is None:
        raise Http404("No such campaign")
    return row


def steps_of(campaign: Campaign) -> Sequence[Step]:
    """Return the steps in order, their wordings prefetched by label."""
    return list(Step.objects.filter(campaign=campaign).order_by("position").prefetch_related("variants"))


def step_for(member: Member, pk: int) -> Step:
    """Return a step of a campaign of the member's workspace. Raises Http404 for any other."""
    row = Step.objects.filter(campaign__workspace=member.workspace, pk=pk).select_related("campaign").first()
    if row is None:
        raise Http404("No such step")
    return row


def variant_for(member: Member, pk: int) -> Variant:
    """Return a wording of a campaign of the member's workspace. Raises Http404 for any other."""
    rows = Variant.objects.filter(step__campaign__workspace=member.workspace, pk=pk)
    row = rows.select_related("step__campaign").first()
    if row is None:
        raise Http404("No such wording")
    return row


def path_for(member: Member, pk: int) -> Path:
    """Return a path of a campaign of the member's workspace. Raises Http404 for any other."""
    row = Path.objects.filter(campaign__workspace=member.workspace, pk=pk).select_related("campaign").first()
    if row is None:
        raise Http404("No such path")
    return row


def branch_for(member: Member, pk: int) -> Branch:
    """Return a branch of a campaign of the member's workspace. Raises Http404 for any other."""
    rows = Branch.objects.filter(step__campaign__workspace=member.workspace, pk=pk)
    row = rows.select_related("step__campaign").first()
    if row is None:
        raise Http404("No such branch")
    return row


def branches_behind(step: Step) -> list[Branch]:
    """Return the branches behind a step in their order, with the paths that they lead to."""
    return list(Branch.objects.filter(step=step).select_related("path").order_by("place"))


def has_ways(campaign: Campaign) -> bool:
    """Say whether people of a campaign may go different ways: each follow-up is asked for its own wait there."""
    ways = Branch.objects.filter(step__campaign=campaign).exclude(kind=BranchKind.REPLY)
    return Path.objects.filter(campaign=campaign).exists() or ways.exists()


def branches_by_step(campaign: Campaign) -> dict[int, list[Branch]]:
    """Return the branches of a campaign by the id of their step, in their order."""
    found: dict[int, list[Branch]] = {}
    for one in Branch.objects.filter(step__campaign=campaign).order_by("place"):
        found.setdefault(one.step_id, []).append(one)
    return found


def paths_of(campaign: Campaign) -> Sequence[Path]:
    """Return the paths beside the main one, by number."""
    return list(Path.objects.filter(campaign=campaign).order_by("number"))


def removed_of(campaign: Campaign) -> Sequence[RemovedPart]:
    """Return what was removed from a draft and can be brought back, the newest first; of any other nothing."""
    if campaign.state != CampaignState.DRAFT:
        return []
    return list(RemovedPart.objects.filter(campaign=campaign).select_related("removed_by").order_by("-pk"))


def removed_for(member: Member, pk: int) -> RemovedPart:
    """Return a removed part of a campaign of the member's workspace. Raises Http404 for any other."""
    row = RemovedPart.objects.filter(campaign__workspace=member.workspace, pk=pk).first()
    if row is None:
        raise Http404("Nothing of the kind was removed")
    return row


def windows_of(campaign: Campaign) -> Sequence[Window]:
    """Return the sending windows in the order of the week."""
    rows = SendWindow.objects.filter(campaign=campaign).order_by("weekday", "start_minute")
    return [Window(row.weekday, row.start_minute, row.end_minute) for row in rows]


def closed_days_of(workspace_id: int, campaign: Campaign | None) -> Sequence[ClosedSpan]:
    """Return the closed days of a campaign alone, or (None) those of the whole workspace."""
    rows = ClosedDays.objects.filter(workspace=workspace_id, campaign=campaign).order_by("first", "last")
    return [ClosedSpan(row.first, row.last, row.name) for row in rows]


def holiday_regions_of(workspace_id: int, campaign: Campaign | None) -> Sequence[Region]:
    """Return the regions whose public holidays close a campaign alone, or (None) the whole workspace, by code."""
    rows = HolidayRegion.objects.filter(workspace=workspace_id, campaign=campaign).order_by("country", "part")
    return [Region(row.country, row.part) for row in rows]


def audience_of(campaign: Campaign) -> frozenset[int]:
    """Return the ids of the lists that the campaign writes to."""
    return frozenset(AudienceList.objects.filter(campaign=campaign).values_list("contact_list_id", flat=True))


def audience_segments_of(campaign: Campaign) -> frozenset[int]:
    """Return the ids of the segments that the campaign writes to."""
    return frozenset(AudienceSegment.objects.filter(campaign=campaign).values_list("segment_id", flat=True))
