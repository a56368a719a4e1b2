"""What a running campaign is made of, loaded once and handed around as a value."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from campaigns.calendar import Schedule, Wait, WaitUnit, Window, ZoneProblem, parse_zone
from campaigns.sequences.models import Campaign, SendWindow, Step, Variant
from campaigns.sequences.states import CampaignState, StepThread, opens_thread


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One wording with its share of the contacts."""

    id: int
    label: str
    weight: int
    subject: str  # "" where the step answers in its thread
    body_text: str
    body_html: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One message to come; `wait` counts from the sending of the one before."""

    id: int
    position: int
    wait: Wait
    thread: StepThread
    variants: tuple[PlannedVariant, ...]  # those with a share, by label

    @property
    def opens_thread(self) -> bool:
        return opens_thread(self.position, self.thread)

    def variant_for(self, contact_id: int) -> PlannedVariant:
        """Return the wording of this contact: the same at each call, in proportion to the weights over many contacts.

        Raises ValueError when no wording has a share.
        """
        if not self.variants:
            raise ValueError(f"step {self.position} has no wording with a share")
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
    schedule: Schedule
    steps: tuple[PlannedStep, ...]

    def step_from(self, position: int) -> PlannedStep | None:
        """Return the first step at or after the position: steps may have been removed since it was planned."""
        return next((step for step in self.steps if step.position >= position), None)

    def zone_for(self, contact_zone: str) -> tuple[str, tzinfo]:
        """Return the zone that decides for a contact: theirs when it is known and wanted, else the campaign's."""
        if contact_zone and self.use_contact_zone:
            try:
                return contact_zone, parse_zone(contact_zone)
            except ZoneProblem:
                pass  # one that the zone data has dropped since it was stored
        return self.zone_name, parse_zone(self.zone_name)


def plans(campaign_ids: Collection[int]) -> dict[int, CampaignPlan]:
    """Return the plans of the campaigns by id, in four queries."""
    windows: dict[int, list[Window]] = {}
    for row in SendWindow.objects.filter(campaign__in=campaign_ids).order_by("weekday", "start_minute"):
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
            schedule=Schedule(windows=tuple(windows.get(campaign.pk, [])), holidays=frozenset()),
            steps=tuple(steps.get(campaign.pk, [])),
        )
        for campaign in Campaign.objects.filter(pk__in=campaign_ids)
    }


def _steps(campaign_ids: Collection[int]) -> Mapping[int, list[PlannedStep]]:
    variants: dict[int, list[Variant]] = {}
    for variant in Variant.objects.filter(step__campaign__in=campaign_ids, weight__gt=0).order_by("label"):
        variants.setdefault(variant.step_id, []).append(variant)
    steps: dict[int, list[PlannedStep]] = {}
    for step in Step.objects.filter(campaign__in=campaign_ids).order_by("position"):
        steps.setdefault(step.campaign_id, []).append(_planned(step, variants.get(step.pk, [])))
    return steps


def _planned(step: Step, variants: Sequence[Variant]) -> PlannedStep:
    thread = StepThread(step.thread)
    has_subject = opens_thread(step.position, thread)
    return PlannedStep(
        id=step.pk,
        position=step.position,
        wait=Wait(step.wait_amount, WaitUnit(step.wait_unit)),
        thread=thread,
        variants=tuple(
            PlannedVariant(
                one.pk, one.label, one.weight, one.subject if has_subject else "", one.body_text, one.body_html
            )
            for one in variants
        ),
    )
