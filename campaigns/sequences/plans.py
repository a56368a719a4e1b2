"""What a running campaign is made of, loaded once and handed around as a value."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from campaigns.calendar import Schedule, Wait, WaitUnit, Window, parse_zone
from campaigns.sequences.models import Campaign, SendWindow, Step, Variant
from campaigns.sequences.states import CampaignState, StepThread


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One wording with its share of the contacts."""

    id: int
    label: str
    weight: int
    subject: str
    body_text: str
    body_html: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One message to come; `wait` counts from the sending of the one before."""

    id: int
    position: int
    wait: Wait
    thread: StepThread
    variants: tuple[PlannedVariant, ...]

    def variant_for(self, contact_id: int) -> PlannedVariant:
        """Return the wording of this contact: the same at each call, in exact proportion to the weights on average."""
        draw = int.from_bytes(hashlib.sha256(f"{self.id}:{contact_id}".encode()).digest()[:8])
        place = draw % sum(variant.weight for variant in self.variants)
        for variant in self.variants:
            if place < variant.weight:
                return variant
            place -= variant.weight
        raise AssertionError("the weights do not add up")


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """A campaign with its schedule and steps in order."""

    id: int
    workspace_id: int
    name: str
    state: CampaignState
    zone_name: str
    use_contact_zone: bool
    new_leads_per_day: int | None
    stop_on_reply: bool
    schedule: Schedule
    steps: tuple[PlannedStep, ...]

    def step_from(self, position: int) -> PlannedStep | None:
        """Return the first step at or after the position: steps may have been removed since it was planned."""
        return next((step for step in self.steps if step.position >= position), None)

    def zone_for(self, contact_zone: str) -> tuple[str, tzinfo]:
        """Return the zone that decides for a contact: theirs when it is known and wanted, else the campaign's."""
        name = contact_zone if contact_zone and self.use_contact_zone else self.zone_name
        return name, parse_zone(name)


def plans(campaign_ids: Collection[int]) -> dict[int, CampaignPlan]:
    """Return the plans of the campaigns by id, in four queries."""
    windows: dict[int, list[Window]] = {}
    for row in SendWindow.objects.filter(campaign__in=campaign_ids):
        windows.setdefault(row.campaign_id, []).append(Window(row.weekday, row.start_minute, row.end_minute))
    steps = _steps(campaign_ids)
    return {
        campaign.pk: CampaignPlan(
            id=campaign.pk,
            workspace_id=campaign.workspace_id,
            name=campaign.name,
            state=CampaignState(campaign.state),
            zone_name=campaign.time_zone,
            use_contact_zone=campaign.use_contact_zone,
            new_leads_per_day=campaign.new_leads_per_day,
            stop_on_reply=campaign.stop_on_reply,
            schedule=Schedule(windows=tuple(windows.get(campaign.pk, [])), holidays=frozenset()),
            steps=tuple(steps.get(campaign.pk, [])),
        )
        for campaign in Campaign.objects.filter(pk__in=campaign_ids)
    }


def _steps(campaign_ids: Collection[int]) -> Mapping[int, list[PlannedStep]]:
    variants: dict[int, list[PlannedVariant]] = {}
    for row in Variant.objects.filter(step__campaign__in=campaign_ids, weight__gt=0).order_by("label"):
        variants.setdefault(row.step_id, []).append(
            PlannedVariant(row.pk, row.label, row.weight, row.subject, row.body_text, row.body_html)
        )
    steps: dict[int, list[PlannedStep]] = {}
    for step in Step.objects.filter(campaign__in=campaign_ids).order_by("position"):
        steps.setdefault(step.campaign_id, []).append(
            PlannedStep(
                id=step.pk,
                position=step.position,
                wait=Wait(step.wait_amount, WaitUnit(step.wait_unit)),
                thread=StepThread(step.thread),
                variants=tuple(variants.get(step.pk, [])),
            )
        )
    return steps
