"""Who is written to next, from where, and what the clocks say then: the first messages of a campaign's forecast."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from campaigns.calendar import ClockChange, next_clock_change
from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import CampaignState
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.pacing.outlook import Forecast
from sending.planner.claim.facts import zone_of
from sending.planner.forecast.foresight import Foreseen, foresee
from sending.planner.forecast.people import draft_number
from sending.planner.models import Enrollment


@dataclass(frozen=True, slots=True)
class ComingSend:
    """One message to come, with the clock of whoever gets it."""

    at: datetime
    contact: Contact
    position: int
    mailbox: Mailbox | None
    zone: tzinfo
    zone_name: str


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next messages of a campaign, and the changes of clocks that lie between them, by the name of the zone."""

    sends: Sequence[ComingSend]
    changes: Sequence[tuple[str, ClockChange]]
    total: int


def upcoming(campaign: Campaign) -> Upcoming:
    """Return the first messages that the forecast sees leave: of a draft as if it were launched now."""
    foreseen = foresee(campaign)
    plan = plans([campaign.pk])[campaign.pk]
    sends = sends_of(campaign, plan, foreseen)
    return Upcoming(sends, _changes(plan, sends), foreseen.forecast.total)


def sends_of(campaign: Campaign, plan: CampaignPlan, foreseen: Foreseen) -> list[ComingSend]:
    """Return the first messages of a forecast, on the clocks that the plan gives its people."""
    contacts = _contacts(campaign, foreseen.forecast)
    return [
        ComingSend(one.at, contact, one.position, foreseen.mailboxes.get(one.mailbox_id), *_zone(plan, contact))
        for one in foreseen.forecast.coming
        if (contact := contacts.get(one.person_id))
    ]


def _contacts(campaign: Campaign, forecast: Forecast) -> dict[int, Contact]:
    """Return the contacts by the ids of the forecast: in a draft, what stands for the enrollment that is to be made."""
    ids = {one.person_id for one in forecast.coming}
    if campaign.state == CampaignState.DRAFT:
        found = Contact.objects.in_bulk([pk - draft_number(0) for pk in ids])
        return {draft_number(pk): contact for pk, contact in found.items()}
    rows = Enrollment.objects.filter(pk__in=ids).select_related("contact")
    return {row.pk: row.contact for row in rows}


def _zone(plan: CampaignPlan, contact: Contact) -> tuple[tzinfo, str]:
    name, zone = zone_of(plan, contact)
    return zone, name


def _changes(plan: CampaignPlan, sends: Collection[ComingSend]) -> list[tuple[str, ClockChange]]:
    if not sends:
        return []
    last = max(one.at for one in sends)
    found = []
    for name, zone in sorted({one.zone_name: one.zone for one in sends}.items()):
        change = next_clock_change(plan.schedule, zone, database_now())
        if change is not None and change.at <= last:
            found.append((name, change))
    return found
