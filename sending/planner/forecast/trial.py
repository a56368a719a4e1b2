"""A launched campaign with another schedule that is not saved: which messages would leave first, and when the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.calendar import Schedule, closed_names
from campaigns.sequences.closing import closing_of
from campaigns.sequences.effects import FirstSend
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.services import Schedule as WantedSchedule
from outreach.kit import clock
from sending.planner.forecast.foresight import Foreseen, foresee
from sending.planner.forecast.upcoming import sends_of

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first messages to come, and the instant of the last one; None where nothing or no end is foreseen."""

    first: Sequence[FirstSend]
    ends_at: datetime | None


def tried(campaign: Campaign, wanted: WantedSchedule) -> tuple[Outcome, Outcome]:
    """Return what is foreseen by the schedule that stands, and by the other one; nothing is written."""
    plan = plans([campaign.pk])[campaign.pk]
    other = _with_schedule(plan, wanted, campaign)
    return (
        _outcome(campaign, plan, foresee(campaign)),
        _outcome(campaign, other, foresee(campaign, instead=other)),
    )


def _with_schedule(plan: CampaignPlan, wanted: WantedSchedule, campaign: Campaign) -> CampaignPlan:
    of_workspace = closing_of(campaign.workspace_id, None)
    spans, regions = [*of_workspace.spans, *wanted.closed], [*of_workspace.regions, *wanted.regions]
    names = closed_names(spans, regions, year=clock.now().year)
    windows = tuple(sorted(wanted.windows, key=lambda one: (one.weekday, one.start)))
    return replace(
        plan,
        zone_name=wanted.time_zone,
        use_contact_zone=wanted.use_contact_zone,
        new_leads_per_day=wanted.new_leads_per_day,
        daily_limit=wanted.daily_limit,
        priority=wanted.priority,
        schedule=Schedule(windows=windows, holidays=frozenset(names), names=names, starts_on=wanted.starts_on),
    )


def _outcome(campaign: Campaign, plan: CampaignPlan, foreseen: Foreseen) -> Outcome:
    first = [
        FirstSend(one.contact.email, one.position, one.at, one.zone, one.zone_name)
        for one in sends_of(campaign, plan, foreseen)[:_SHOWN]
    ]
    return Outcome(first, None if foreseen.forecast.left else foreseen.forecast.ends_at)
