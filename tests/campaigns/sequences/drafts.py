"""Campaigns to edit: written drafts, and the same launched, paused or archived."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Model

from campaigns.sequences import services
from campaigns.sequences.models import AudienceList, Campaign, SendWindow, Step, Variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from tests.builders import make_member, make_workspace

FIRST = Text("A question", "Hi,\n\none question.\n")
SECOND = Text("", "Hi again.\n")


def make_editor(slug: str = "acme") -> Member:
    return make_member(make_workspace(slug))


def make_draft(member: Member, *, steps: int = 2, name: str = "Autumn") -> Campaign:
    """Write a draft by the room's own services: the first message, then follow-ups in its thread."""
    campaign = services.create_campaign(member, name)
    for _ in range(steps - 1):
        services.add_step(campaign)
    for variant in Variant.objects.filter(step__campaign=campaign).select_related("step"):
        services.save_variant(variant, FIRST if variant.step.position == 1 else SECOND)
    return campaign


def set_state(campaign: Campaign, state: CampaignState) -> Campaign:
    launched_at = None if state is CampaignState.DRAFT else datetime(2026, 1, 5, 9, tzinfo=UTC)
    Campaign.objects.filter(pk=campaign.pk).update(state=state, launched_at=launched_at)
    campaign.refresh_from_db()
    return campaign


def make_launched(member: Member, *, steps: int = 2) -> Campaign:
    return set_state(make_draft(member, steps=steps), CampaignState.RUNNING)


def step_at(campaign: Campaign, position: int) -> Step:
    return Step.objects.get(campaign=campaign, position=position)


def wording_of(campaign: Campaign, position: int = 1, label: str = "A") -> Variant:
    return Variant.objects.select_related("step").get(step__campaign=campaign, step__position=position, label=label)


def outline(campaign: Campaign) -> list[tuple[int, str, int, str, str]]:
    """Return each step in order: position, its first text, its wait and its thread."""
    return [
        (step.position, step.variants.get(label="A").body_text, step.wait_amount, step.wait_unit, step.thread)
        for step in Step.objects.filter(campaign=campaign).order_by("position")
    ]


def everything() -> list[object]:
    """Return every row of the room, to compare before and after."""
    models: tuple[type[Model], ...] = (Campaign, SendWindow, AudienceList, Step, Variant)
    return [list(model._base_manager.order_by("pk").values()) for model in models]
