"""What the sequence page shows: each step with its forms, the day it falls on, the shares of its wordings."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.calendar import WaitUnit
from campaigns.sequences.forms import StepForm, VariantForm
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.queries import steps_of
from campaigns.sequences.variables import known_variables


@dataclass(frozen=True, slots=True)
class VariantCard:
    """A wording with its form and its share in percent."""

    variant: Variant
    form: VariantForm
    share: int


@dataclass(frozen=True, slots=True)
class StepCard:
    """A step with its form and the day of the sequence on which it falls, when its wait counts days."""

    step: Step
    form: StepForm
    variants: tuple[VariantCard, ...]
    day: int | None
    is_first: bool
    is_last: bool


def cards(
    campaign: Campaign,
    *,
    step_form: tuple[int, StepForm] | None = None,
    variant_form: tuple[int, VariantForm] | None = None,
) -> list[StepCard]:
    """Return the steps in order; a form that was refused takes the place of the stored values."""
    known = known_variables(campaign.workspace_id)
    steps = steps_of(campaign)
    made: list[StepCard] = []
    day: int | None = 0
    for step in steps:
        day = _day_of(step, day)
        form = step_form[1] if step_form and step_form[0] == step.pk else StepForm(initial=_step_values(step))
        made.append(
            StepCard(
                step=step,
                form=form,
                variants=_variants(step, known, variant_form),
                day=day,
                is_first=step.position == 1,
                is_last=step.position == len(steps),
            )
        )
    return made


def _day_of(step: Step, before: int | None) -> int | None:
    if step.position == 1:
        return 0
    if before is None or step.wait_unit not in {WaitUnit.DAYS, WaitUnit.BUSINESS_DAYS}:
        return None
    return before + step.wait_amount


def _step_values(step: Step) -> dict[str, object]:
    return {"wait_amount": step.wait_amount, "wait_unit": step.wait_unit, "thread": step.thread}


def _variants(
    step: Step, known: frozenset[str], variant_form: tuple[int, VariantForm] | None
) -> tuple[VariantCard, ...]:
    variants = sorted(step.variants.all(), key=lambda one: one.label)
    total = sum(one.weight for one in variants) or 1
    return tuple(
        VariantCard(
            variant=one,
            form=variant_form[1]
            if variant_form and variant_form[0] == one.pk
            else VariantForm(
                initial={"subject": one.subject, "body_text": one.body_text, "weight": one.weight},
                known=known,
            ),
            share=round(100 * one.weight / total),
        )
        for one in variants
    )
