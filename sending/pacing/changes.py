"""What if: a scenario with other limits, more mailboxes, other sending days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from campaigns.calendar import Schedule, Window
from sending.pacing.budget import Limits
from sending.pacing.rotation import Rotation
from sending.pacing.scenario import Scenario, ScenarioCampaign, ScenarioMailbox


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed about a campaign and its mailboxes; None, False and 0 leave things as they are.

    mailbox_id: the one whose limits change, None = each that carries the campaign. weekdays are ISO numbers.
    new_leads: the limit of a day; lifts_new_leads: no such limit. messages: the campaign's limit of a day.
    """

    mailbox_id: int | None = None
    daily: int | None = None
    hourly: int | None = None
    gap_min: timedelta | None = None
    gap_max: timedelta | None = None
    ramp_step: int | None = None
    without_ramp: bool = False
    more_mailboxes: int = 0
    weekdays: frozenset[int] | None = None
    new_leads: int | None = None
    lifts_new_leads: bool = False
    messages: int | None = None
    rotation: Rotation | None = None


def changed(scenario: Scenario, campaign_id: int, change: Change) -> Scenario:
    """Return the scenario with the change made; other campaigns that share the mailboxes feel it, too."""
    campaign = scenario.campaign(campaign_id)
    concerned = {change.mailbox_id} if change.mailbox_id is not None else set(campaign.mailbox_ids)
    mailboxes = tuple(
        replace(one, limits=_limits(one.limits, change)) if one.id in concerned else one for one in scenario.mailboxes
    )
    fresh = _fresh_mailboxes(scenario, mailboxes, campaign, change.more_mailboxes)
    mailbox_ids = (*campaign.mailbox_ids, *(one.id for one in fresh))
    campaign = replace(
        campaign,
        schedule=campaign.schedule if change.weekdays is None else on_weekdays(campaign.schedule, change.weekdays),
        mailbox_ids=mailbox_ids,
        rotation=change.rotation or campaign.rotation,
        new_leads_limit=None if change.lifts_new_leads else change.new_leads or campaign.new_leads_limit,
        daily_limit=change.messages or campaign.daily_limit,
    )
    campaigns = tuple(campaign if one.id == campaign_id else one for one in scenario.campaigns)
    return replace(scenario, mailboxes=(*mailboxes, *fresh), campaigns=campaigns)


def on_weekdays(schedule: Schedule, weekdays: Collection[int]) -> Schedule:
    """Return the schedule with exactly these days: a day that is new gets the hours of the first day that has any."""
    if not schedule.windows:
        return schedule
    first = min(window.weekday for window in schedule.windows)
    hours = [(window.start, window.end) for window in schedule.windows if window.weekday == first]
    known = {window.weekday for window in schedule.windows}
    kept = [window for window in schedule.windows if window.weekday in weekdays]
    added = [Window(day, start, end) for day in sorted(set(weekdays) - known) for start, end in hours]
    return replace(schedule, windows=tuple(sorted((*kept, *added), key=lambda one: (one.weekday, one.start))))


def _limits(limits: Limits, change: Change) -> Limits:
    gap_min = limits.gap_min if change.gap_min is None else change.gap_min
    gap_max = limits.gap_max if change.gap_max is None else change.gap_max
    return replace(
        limits,
        daily=change.daily or limits.daily,
        hourly=change.hourly or limits.hourly,
        gap_min=gap_min,
        gap_max=max(gap_min, gap_max),
        ramp_start=None if change.without_ramp else limits.ramp_start,
        ramp_step=limits.ramp_step if change.ramp_step is None else change.ramp_step,
    )


def _fresh_mailboxes(
    scenario: Scenario, mailboxes: Collection[ScenarioMailbox], campaign: ScenarioCampaign, count: int
) -> tuple[ScenarioMailbox, ...]:
    """Return mailboxes that have sent nothing, with the limits of the campaign's first; their ids are below zero."""
    like = next((one for one in mailboxes if one.id in campaign.mailbox_ids), None)
    if like is None:
        return ()
    return tuple(
        ScenarioMailbox(-number, like.limits, scenario.now, provider=like.provider) for number in range(1, count + 1)
    )
