"""When a campaign's messages go out, when it is done, and what a change would make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.calendar import closed_between
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan
from outreach.kit import clock
from sending.ledger.days import last_days
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.pacing.changes import Change, changed
from sending.pacing.outlook import Forecast, forecast_of
from sending.pacing.rotation import Lineup
from sending.pacing.scenario import Run, Scenario
from sending.pacing.simulation import simulate
from sending.planner.forecast.scenes import scene_of

HORIZON = timedelta(days=500)
_HISTORY_DAYS = 90
# Fewer messages than this tell nothing about how many people answer.
_ENOUGH = 200


@dataclass(frozen=True, slots=True)
class Assumption:
    """The share of people who are not written to again behind each message, and from how many messages it is known.

    messages is 0 where a person has set the share, or where too little is known to assume any.
    """

    stop_share: float
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast, the same with a change if one is asked for, and what both rest on. at: from when on it foresees."""

    at: datetime
    forecast: Forecast
    changed: Forecast | None
    mailboxes: Mapping[int, Mailbox]
    stuck: Mapping[str, int]
    assumption: Assumption
    closed: Sequence[tuple[date, str]] = ()  # days until its end that would have had windows, with what closes them


def foresee(
    campaign: Campaign,
    *,
    change: Change | None = None,
    stop_share: float | None = None,
    instead: CampaignPlan | Lineup | None = None,
) -> Foreseen:
    """Return the forecast of a campaign as if it ran from this minute on; stop_share None: as the past tells.

    instead: the campaign's plan with another schedule, or other senders, as if that were saved now.
    """
    # The same minute asks the same question, so that turning a page does not reckon it all again.
    scene = scene_of(campaign, now=_minute(), instead=instead)
    assumption = Assumption(stop_share) if stop_share is not None else assumption_of(campaign)
    scenario = replace(scene.scenario, stop_share=assumption.stop_share)
    zone = ZoneInfo(campaign.workspace.time_zone)
    other = _reckoned(changed(scenario, campaign.pk, change), campaign.pk, zone) if change else None
    forecast = _reckoned(scenario, campaign.pk, zone)
    closed = _closed(scenario, campaign.pk, zone, other or forecast)
    return Foreseen(scenario.now, forecast, other, scene.mailboxes, scene.stuck, assumption, closed)


def foresee_together(campaign: Campaign) -> tuple[datetime, dict[int, Forecast]]:
    """Return the minute, and from it on what is foreseen of a running campaign and of all that share its mailboxes.

    Each as foresee() says it; all run in the same scene, so one run tells of all.
    """
    scene = scene_of(campaign, now=_minute())
    scenario = replace(scene.scenario, stop_share=assumption_of(campaign).stop_share)
    zone = ZoneInfo(campaign.workspace.time_zone)
    run = simulate(scenario, until=scenario.now + HORIZON)
    return scenario.now, {one.id: _told(run, scenario, one.id, zone) for one in scenario.campaigns}


def assumption_of(campaign: Campaign) -> Assumption:
    """Return which share of the workspace's messages of late ended a sequence: by an answer, a bounce, an opt-out."""
    zone = ZoneInfo(campaign.workspace.time_zone)
    since = last_days(_HISTORY_DAYS, now=clock.now(), zone=zone)[0]
    counted = totals(campaign.workspace_id, since=since)
    sent = counted[EventKind.SENT]
    if sent < _ENOUGH:
        return Assumption(0.0)
    return Assumption(min(1.0, counted[EventKind.STOPPED] / sent), sent)


def _closed(scenario: Scenario, campaign_id: int, zone: ZoneInfo, forecast: Forecast) -> list[tuple[date, str]]:
    schedule = scenario.campaign(campaign_id).schedule
    days = closed_between(schedule, zone, scenario.now, forecast.ends_at or scenario.now)
    return [(day, schedule.names.get(day, "")) for day in days]


def _minute() -> datetime:
    return database_now().replace(second=0, microsecond=0)


@lru_cache(maxsize=8)
def _reckoned(scenario: Scenario, campaign_id: int, zone: ZoneInfo) -> Forecast:
    return _told(simulate(scenario, until=scenario.now + HORIZON), scenario, campaign_id, zone)


def _told(run: Run, scenario: Scenario, campaign_id: int, zone: ZoneInfo) -> Forecast:
    positions = [step.position for step in scenario.campaign(campaign_id).steps]
    return forecast_of(run, campaign_id, positions, zone)
