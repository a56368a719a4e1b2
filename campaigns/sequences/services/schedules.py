"""When a campaign may send, and the days on which nothing goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction

from campaigns.calendar import ClosedSpan, Region, Window
from campaigns.sequences import queries
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Campaign, ClosedDays, HolidayRegion, SendWindow
from campaigns.sequences.schedule_words import changed, closing_lines, schedule_lines
from campaigns.sequences.seen import seen_closing, seen_schedule
from campaigns.sequences.services.holding import locked, refuse_overtaken
from campaigns.sequences.states import CampaignState, Priority
from campaigns.sequences.telling import Edit, EditKind, tell, tell_launched
from outreach.accounts.models import User, Workspace

LONGEST_AHEAD = timedelta(days=366)  # from now to a first day, as pages and files take it
OFFICE_HOURS = tuple(Window(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6))


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
    starts_on: date | None = None  # before it nothing goes out, where the recipient is


def save_schedule(campaign: Campaign, schedule: Schedule, *, seen: str | None = None, who: User | None = None) -> None:
    """Set when the campaign may send; a running campaign follows it from its next claim.

    Whoever the schedule before it held is looked at again. Raises BadEdit for windows that overlap, Overtaken.
    """
    _refuse_overlap(schedule.windows)
    with transaction.atomic():
        current = locked(campaign.pk)
        refuse_overtaken(seen, seen_schedule_of(current), "this schedule")
        before = _lines(current)
        Campaign.objects.filter(pk=campaign.pk).update(**_columns(schedule))
        SendWindow.objects.filter(campaign=campaign).delete()
        write_windows(campaign, schedule.windows)
        _write_closed(campaign.workspace_id, campaign, schedule.closed, schedule.regions)
        went, came = changed(before, _lines(Campaign.objects.get(pk=campaign.pk)))
        if current.state != CampaignState.DRAFT and (went or came):
            tell(Edit(current, EditKind.SCHEDULE_CHANGED, "Schedule", who, went, came))


def check_schedule(campaign: Campaign, schedule: Schedule, *, seen: str | None = None) -> tuple[list[str], list[str]]:
    """Return the lines of the schedule that stands, and of the other one. Raises what save_schedule would."""
    _refuse_overlap(schedule.windows)
    refuse_overtaken(seen, seen_schedule_of(campaign), "this schedule")
    other = Campaign(**_columns(schedule))
    return _lines(campaign), schedule_lines(other, schedule.windows, schedule.closed, set(schedule.regions))


def _columns(schedule: Schedule) -> dict[str, Any]:
    """Return what of a schedule stands with the campaign itself."""
    return {
        "time_zone": schedule.time_zone,
        "starts_on": schedule.starts_on,
        "use_contact_zone": schedule.use_contact_zone,
        "new_leads_per_day": schedule.new_leads_per_day,
        "daily_limit": schedule.daily_limit,
        "priority": schedule.priority,
    }


def close(
    workspace: Workspace,
    spans: Sequence[ClosedSpan],
    regions: Sequence[Region] = (),
    *,
    seen: str | None = None,
    who: User | None = None,
) -> None:
    """Set the days on which no campaign of the workspace sends, and the regions on whose public holidays none does.

    Each campaign follows it from its next claim, and whoever the days before held is looked at again. Raises Overtaken.
    """
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two saves at once wait in line
        days, of_regions = queries.closed_days_of(workspace.pk, None), queries.holiday_regions_of(workspace.pk, None)
        refuse_overtaken(seen, seen_closing(days, of_regions), "these days")
        _write_closed(workspace.pk, None, spans, regions)
        change = changed(closing_lines(days, of_regions), closing_lines(spans, set(regions)))
        tell_launched(workspace, EditKind.CLOSED_DAYS_CHANGED, "Closed days of the workspace", who, change)


def write_windows(campaign: Campaign, windows: Sequence[Window]) -> None:
    SendWindow.objects.bulk_create(
        [
            SendWindow(campaign=campaign, weekday=one.weekday, start_minute=one.start, end_minute=one.end)
            for one in windows
        ]
    )


def _refuse_overlap(windows: Sequence[Window]) -> None:
    ordered = sorted(windows, key=lambda one: (one.weekday, one.start))
    if any(one.weekday == after.weekday and after.start < one.end for one, after in pairwise(ordered)):
        raise BadEdit("weekdays", "Two windows of a day overlap.")


def _lines(campaign: Campaign) -> list[str]:
    closed = queries.closed_days_of(campaign.workspace_id, campaign)
    regions = queries.holiday_regions_of(campaign.workspace_id, campaign)
    return schedule_lines(campaign, queries.windows_of(campaign), closed, regions)


def seen_schedule_of(campaign: Campaign) -> str:
    """Return the fingerprint of the schedule that stands."""
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
