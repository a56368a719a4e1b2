"""What the gates ask about one step of one contact, gathered alike for claims, retries and explanations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import suppressed_keys
from campaigns.sequences.plans import CampaignPlan
from campaigns.sequences.states import CampaignState
from sending.guard.queries import strangers_among
from sending.pacing import AddressFacts, Hold, LeadFacts
from sending.pacing.gates import NOTHING_AGAINST
from sending.pacing.throttles import Throttle
from sending.planner.claim.facts import NewLeads, zone_of
from sending.planner.claim.strangers import words_about


def lead_facts(  # noqa: PLR0913  # what the gates ask
    plan: CampaignPlan,
    contact: Contact,
    *,
    is_follow_up: bool,
    suppressed: str,
    new: NewLeads,
    throttles: tuple[Throttle, ...] = (),
    address: AddressFacts = NOTHING_AGAINST,
    held: tuple[Hold, ...] = (),
    no_consent: str = "",
) -> LeadFacts:
    """Return what the gates ask about a step of this contact."""
    zone_name, zone = zone_of(plan, contact)
    return LeadFacts(
        schedule=plan.schedule,
        zone=zone,
        zone_name=zone_name,
        is_follow_up=is_follow_up,
        suppressed=suppressed,
        address=address,
        no_consent=no_consent,
        campaign_paused=plan.state is not CampaignState.RUNNING,
        new_leads_limit=plan.new_leads_per_day,
        new_leads_today=new.today,
        new_leads_free_at=new.free_at,
        throttles=throttles,
        held=held,
    )


def suppressions(contacts: Mapping[int, Contact]) -> dict[int, str]:
    """Return, in words, why contacts (by id) must not be written to; those that may be are absent."""
    asked = {pk: (contact.workspace_id, contact.email_key) for pk, contact in contacts.items()}
    found = why_suppressed(asked.values())
    return {pk: found[one] for pk, one in asked.items() if one in found}


def why_suppressed(asked: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return, in words, why addresses (workspace, email_key) must not be written to; those that may be are absent."""
    keys: dict[int, list[str]] = {}
    all_asked = set(asked)
    for workspace_id, key in sorted(all_asked):
        keys.setdefault(workspace_id, []).append(key)
    strangers = {one: words_about(one[1], stranger) for one, stranger in strangers_among(all_asked).items()}
    return strangers | {
        (workspace_id, key): row.told
        for workspace_id, wanted in keys.items()
        for key, row in suppressed_keys(workspace_id, wanted).items()
    }
