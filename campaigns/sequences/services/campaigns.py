"""A campaign as a whole: made, named, moved from state to state."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.services.holding import locked
from campaigns.sequences.services.schedules import OFFICE_HOURS, write_windows
from campaigns.sequences.services.steps import add_step
from campaigns.sequences.states import CAMPAIGN_MOVES, CampaignState
from outreach.accounts.access import Member
from outreach.kit import clock


def create_campaign(member: Member, name: str) -> Campaign:
    """Create a draft with office hours in the workspace's zone and one empty step."""
    with transaction.atomic():
        campaign = Campaign.objects.create(
            workspace=member.workspace,
            name=name,
            time_zone=member.workspace.time_zone,
            created_by=member.user,
        )
        write_windows(campaign, OFFICE_HOURS)
        add_step(campaign)
    return campaign


def rename(campaign: Campaign, name: str) -> None:
    """Give the campaign another name."""
    with transaction.atomic():
        locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(name=name)


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
