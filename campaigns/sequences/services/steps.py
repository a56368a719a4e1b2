"""The steps of a campaign: their order, waits and threads."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max

from campaigns.calendar import WaitUnit
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.seen import seen_step
from campaigns.sequences.services.holding import draft, locked, refuse_overtaken, step_now
from campaigns.sequences.states import StepThread

# The waits that fit most people (days after the message before).
USUAL_WAITS = (0, 3, 4, 7)
MOST_STEPS = 20


def add_step(campaign: Campaign) -> Step:
    """Add a step behind the last, with one empty wording and the usual wait. Raises BadEdit at the twentieth.

    In a launched campaign it is held until it is written; who has finished the sequence does not get it.
    """
    with transaction.atomic():
        locked(campaign.pk)
        last = Step.objects.filter(campaign=campaign).aggregate(last=Max("position"))["last"] or 0
        if last >= MOST_STEPS:
            raise BadEdit("", f"A campaign has {MOST_STEPS} steps at most.")
        step = Step.objects.create(
            campaign=campaign,
            position=last + 1,
            wait_amount=USUAL_WAITS[min(last, len(USUAL_WAITS) - 1)],
            wait_unit=WaitUnit.DAYS,
            thread=StepThread.REPLY if last else StepThread.NEW,
        )
        Variant.objects.create(step=step, label="A")
    return step


def save_step(
    step: Step, *, wait_amount: int, wait_unit: WaitUnit, thread: StepThread, seen: str | None = None
) -> None:
    """Set a follow-up's wait and its thread; who waits already keeps the instant. Raises BadEdit, Overtaken."""
    with transaction.atomic():
        current = step_now(locked(step.campaign_id), step)
        refuse_overtaken(seen, seen_step(current), "this wait")
        if current.position == 1:
            raise BadEdit("", "The first message waits for nothing and opens the thread.")
        Step.objects.filter(pk=step.pk).update(wait_amount=wait_amount, wait_unit=wait_unit, thread=thread)


def remove_step(step: Step) -> None:
    """Remove a step and close the gap. Raises IllegalMove once the campaign was launched: steps carry its history."""
    with transaction.atomic():
        current = step_now(draft(step.campaign_id), step)
        current.delete()
        behind = Step.objects.filter(campaign=step.campaign_id, position__gt=current.position)
        behind.update(position=F("position") - 1)
        _open_with_first(step.campaign_id)


def move_step(step: Step, *, by: int) -> None:
    """Swap a step with its neighbour (by = -1 up, +1 down); nothing happens at an end.

    The waits stay at their places. Whatever comes first opens the thread, and what it displaces answers in it.
    """
    with transaction.atomic():
        current = step_now(draft(step.campaign_id), step)
        other = Step.objects.filter(campaign=step.campaign_id, position=current.position + by).first()
        if other is None:
            return
        for one, place in ((current, other), (other, current)):
            Step.objects.filter(pk=one.pk).update(
                position=place.position,
                wait_amount=place.wait_amount,
                wait_unit=place.wait_unit,
                thread=StepThread.REPLY if one.position == 1 else one.thread,
            )
        _open_with_first(step.campaign_id)


def _open_with_first(campaign_id: int) -> None:
    Step.objects.filter(campaign=campaign_id, position=1).update(wait_amount=0, thread=StepThread.NEW)
