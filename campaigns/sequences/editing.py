"""What the pages of the editor show: steps with their forms, days and shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences.forms import StepForm, VariantForm
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.positions import MAIN, path_of, place_in
from campaigns.sequences.queries import paths_of, steps_of, windows_of
from campaigns.sequences.seen import seen_step, seen_variant
from campaigns.sequences.states import StepThread, opens_thread
from campaigns.sequences.timeline import Days, days_of
from campaigns.sequences.versions import redo_of, undo_of
from campaigns.templating import Finding, lint

# The variables that stand beside each text; all of them are in the palette.
QUICK = ("first_name", "company", "title", "city")


@dataclass(frozen=True, slots=True)
class Desk:
    """How the sequence page is drawn: the variables there are, whether it may be changed, and refused forms by key."""

    known: frozenset[str]
    is_frozen: bool = False
    step_forms: dict[int, StepForm] = field(default_factory=dict)
    variant_forms: dict[int, VariantForm] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VariantCard:
    """A wording with its form, its share in percent, and what a filter or a reader would mind in it."""

    variant: Variant
    form: VariantForm
    share: int
    findings: Sequence[Finding]
    undo: int | None = None  # the versions that an undo and a redo bring back
    redo: int | None = None


@dataclass(frozen=True, slots=True)
class StepCard:
    """A step with its form and the days of the sequence on which it falls."""

    step: Step
    form: StepForm
    variants: Sequence[VariantCard]
    days: Days
    is_first: bool
    is_top: bool  # of its path
    is_last: bool

    @property
    def has_no_share(self) -> bool:
        """No wording has a weight: nobody could get the step, and everybody would wait at it."""
        return not any(one.variant.weight for one in self.variants)


@dataclass(frozen=True, slots=True)
class PathCards:
    """A path with its steps; the name is empty where the campaign has but one path."""

    number: int
    name: str
    cards: Sequence[StepCard]


def paths(campaign: Campaign, desk: Desk) -> list[PathCards]:
    """Return the steps by path, in order; a form that was refused takes the place of the stored values."""
    steps = steps_of(campaign)
    weekdays = {one.weekday for one in windows_of(campaign)}
    redo = redo_of([one for step in steps for one in step.variants.all()])
    more = [(path.number, f"{path.number} {path.name}") for path in paths_of(campaign)]
    return [
        PathCards(number, name, _cards([one for one in steps if path_of(one.position) == number], weekdays, desk, redo))
        for number, name in [(MAIN, "Main path" if more else ""), *more]
    ]


def _cards(steps: Sequence[Step], weekdays: Collection[int], desk: Desk, redo: Mapping[int, int]) -> list[StepCard]:
    days = days_of([Wait(one.wait_amount, WaitUnit(one.wait_unit)) for one in steps], weekdays=weekdays)
    return [
        StepCard(
            step=step,
            form=desk.step_forms.get(step.pk) or step_form(step, is_frozen=desk.is_frozen),
            variants=_variants(step, desk, redo),
            days=its_days,
            is_first=step.position == 1,
            is_top=place_in(step.position) == 1,
            is_last=step is steps[-1],
        )
        for step, its_days in zip(steps, days, strict=True)
    ]


def days_by_step(campaign: Campaign) -> list[tuple[int, Days]]:
    """Return the days of each step, by its id."""
    return [(card.step.pk, card.days) for path in paths(campaign, Desk(frozenset())) for card in path.cards]


def step_form(step: Step, data: QueryDict | None = None, *, is_frozen: bool = False) -> StepForm:
    """Return the form of a step's wait, with the stored values or with those that were sent."""
    initial = {
        "wait_amount": step.wait_amount,
        "wait_unit": step.wait_unit,
        "thread": step.thread,
        "seen": seen_step(step),
    }
    return StepForm(data, initial=initial, auto_id=f"step{step.pk}_%s", is_frozen=is_frozen)


def variant_form(
    variant: Variant,
    known: frozenset[str],
    data: QueryDict | None = None,
    *,
    is_frozen: bool = False,
    may_be_broken: bool = False,
) -> VariantForm:
    """Return the form of a wording, with the stored values or with those that were sent."""
    initial = {
        "subject": variant.subject,
        "body_text": variant.body_text,
        "body_html": variant.body_html,
        "weight": variant.weight,
        "seen": seen_variant(variant),
    }
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread))
    return VariantForm(
        data,
        initial=initial,
        auto_id=f"variant{variant.pk}_%s",
        known=known,
        has_subject=has_subject,
        may_be_broken=may_be_broken,
        is_frozen=is_frozen,
    )


def _variants(step: Step, desk: Desk, redo: Mapping[int, int]) -> list[VariantCard]:
    variants = sorted(step.variants.all(), key=lambda one: one.label)
    undo = undo_of(variants)
    has_subject = opens_thread(step.position, StepThread(step.thread))
    total = sum(one.weight for one in variants) or 1
    return [
        VariantCard(
            variant=one,
            form=desk.variant_forms.get(one.pk) or variant_form(one, desk.known, is_frozen=desk.is_frozen),
            share=round(100 * one.weight / total),
            findings=lint(one.subject, one.body_text, one.body_html, opens_thread=has_subject),
            undo=undo.get(one.pk),
            redo=redo.get(one.pk),
        )
        for one in variants
    ]
