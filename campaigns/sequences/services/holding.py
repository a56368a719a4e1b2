"""What every edit does first: hold the campaign, look again, refuse what somebody else was faster with."""

from __future__ import annotations

from campaigns.sequences.errors import IllegalMove, Overtaken
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.states import CLOSED, CampaignState


def locked(campaign_id: int) -> Campaign:
    """Return the campaign as it stands, its row held until the end of the transaction; claims are not kept waiting."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
    refuse_closed(campaign)
    return campaign


def refuse_closed(campaign: Campaign) -> None:
    """Raise IllegalMove for a campaign of which nothing is changed any more."""
    if campaign.state in CLOSED:
        what = "An archived" if campaign.state == CampaignState.ARCHIVED else "A stopped"
        raise IllegalMove(f"{what} campaign is kept as it was.")


def draft(campaign_id: int) -> Campaign:
    campaign = locked(campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise IllegalMove("The steps of a launched campaign keep their order: they carry its history.")
    return campaign


def step_now(campaign: Campaign, step: Step) -> Step:
    """Return the step as it stands: it may have been moved or removed since it was read."""
    current = Step.objects.filter(campaign=campaign, pk=step.pk).first()
    if current is None:
        raise IllegalMove("Somebody else removed this step.")
    return current


def variant_now(variant: Variant) -> Variant:
    current = Variant.objects.select_related("step").filter(pk=variant.pk).first()
    if current is None:
        raise IllegalMove("Somebody else removed this wording.")
    return current


def refuse_overtaken(seen: str | None, current: str, what: str) -> None:
    if seen is not None and seen != current:
        raise Overtaken(what, seen=current)
