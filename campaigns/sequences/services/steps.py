"""The steps of a campaign: their order, waits and threads."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, QuerySet

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Campaign, Path, Step, Variant
from campaigns.sequences.positions import MAIN, block_of, path_of, place_in, position_in
from campaigns.sequences.seen import seen_step
from campaigns.sequences.services.holding import draft, locked, refuse_closed, refuse_overtaken, step_now
from campaigns.sequences.services.variants import Text, refuse_unsendable, save_variant
from campaigns.sequences.states import CampaignState, StepThread
from campaigns.sequences.telling import Edit, EditKind, tell
from campaigns.sequences.timeline import wait_words
from outreach.accounts.models import User

# The waits that fit most people (days after the message before).
USUAL_WAITS = (0, 3, 4, 7)
MOST_STEPS = 20


def add_step(campaign: Campaign, *, path: int = MAIN, who: User | None = None) -> Step:
    """Add a step behind the last of a path, with one empty wording and the usual wait. Raises BadEdit at the twentieth.

    In a launched campaign it is held until it is written; who has finished the sequence does not get it.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        if path != MAIN and not Path.objects.filter(campaign=campaign, number=path).exists():
            raise IllegalMove("Somebody else removed this path.")
        last = _steps_of(campaign.pk, path).aggregate(last=Max("position"))["last"] or position_in(path, 0)
        place = place_in(last)
        if place >= MOST_STEPS:
            raise BadEdit("", f"A campaign has {MOST_STEPS} steps at most, and so has each further path.")
        is_first = last == 0
        step = Step.objects.create(
            campaign=campaign,
            position=last + 1,
            wait_amount=USUAL_WAITS[min(place, len(USUAL_WAITS) - 1)] or int(not is_first),
            wait_unit=WaitUnit.DAYS,
            thread=StepThread.NEW if is_first else StepThread.REPLY,
        )
        Variant.objects.create(step=step, label="A")
        if current.state != CampaignState.DRAFT:
            tell(Edit(current, EditKind.STEP_ADDED, f"Step {step.name}", who, after=wait_words(step)))
    return step


@dataclass(frozen=True, slots=True)
class Joining:
    """How a follow-up joins the message before it.

    subject: of the thread that it opens, for those of its wordings which have none; only asked for once launched.
    """

    wait: Wait
    thread: StepThread
    subject: str = ""


def save_step(step: Step, joining: Joining, *, seen: str | None = None, who: User | None = None) -> None:
    """Set a follow-up's wait and its thread; who waits already keeps the instant.

    Raises Overtaken, and BadEdit, also where a launched campaign would be left with a subject that cannot be sent.
    """
    with transaction.atomic():
        campaign = locked(step.campaign_id)
        current = step_now(campaign, step)
        headed = _headed(campaign, current, joining, seen)
        wait, thread = joining.wait, joining.thread
        Step.objects.filter(pk=step.pk).update(wait_amount=wait.amount, wait_unit=wait.unit, thread=thread)
        for variant, text in headed:
            save_variant(variant, text, by=who)
        before, after = wait_words(current), wait_words(Step.objects.get(pk=step.pk))
        if campaign.state != CampaignState.DRAFT and before != after:  # a draft's is kept while it is chosen
            tell(Edit(campaign, EditKind.WAIT_CHANGED, f"Step {current.name}", who, before, after))


def check_step(step: Step, joining: Joining, *, seen: str | None = None) -> None:
    """Raise what save_step would raise, and write nothing."""
    campaign = Campaign.objects.get(pk=step.campaign_id)
    refuse_closed(campaign)
    _headed(campaign, step_now(campaign, step), joining, seen)


def _headed(campaign: Campaign, current: Step, joining: Joining, seen: str | None) -> list[tuple[Variant, Text]]:
    """Return the wordings being sent that get the subject of a thread which the step has not opened so far."""
    refuse_overtaken(seen, seen_step(current), "this wait")
    if current.position == 1:
        raise BadEdit("", "The first message waits for nothing and opens the thread.")
    if campaign.state == CampaignState.DRAFT or joining.thread == current.thread or joining.thread != StepThread.NEW:
        return []
    variants = list(Variant.objects.filter(step=current, weight__gt=0).select_related("step__campaign"))
    bare = [one for one in variants if not one.subject.strip()]
    if bare and not joining.subject.strip():
        labels = ", ".join(one.label for one in bare)
        words = f"This step is being sent, and wording {labels} has no subject of its own. Write the one of the thread."
        raise BadEdit("subject", words)
    texts = [
        (one, Text(joining.subject if one in bare else one.subject, one.body_text, one.body_html, one.weight))
        for one in variants
    ]
    for one, text in texts:
        refuse_unsendable(one, text, has_subject=True)
    return [(one, text) for one, text in texts if one in bare]


def remove_step(step: Step) -> None:
    """Remove a step and close the gap. Raises IllegalMove once the campaign was launched: steps carry its history."""
    with transaction.atomic():
        current = step_now(draft(step.campaign_id), step)
        current.delete()
        behind = _steps_of(step.campaign_id, path_of(current.position)).filter(position__gt=current.position)
        behind.update(position=F("position") - 1)
        _open_with_first(step.campaign_id)


def move_step(step: Step, *, by: int, who: User | None = None) -> None:
    """Move a step by places (-1 up, +1 down); nothing happens beyond an end. See place_step."""
    with transaction.atomic():
        current = step_now(draft(step.campaign_id), step)
        to = current.position + by
        if Step.objects.filter(campaign=step.campaign_id, position=to).exists():
            place_step(current, to=place_in(to), who=who)


def place_step(step: Step, *, to: int, who: User | None = None) -> None:
    """Put a step at a place (from 1) of its path; beyond the end it becomes the last. Raises IllegalMove once launched.

    The waits stay at their places. Whatever comes first opens the thread, and what it displaces answers in it.
    """
    with transaction.atomic():
        campaign = draft(step.campaign_id)
        current = step_now(campaign, step)
        before = list(_steps_of(step.campaign_id, path_of(current.position)).order_by("position"))
        after = [one for one in before if one.pk != current.pk]
        after.insert(max(0, to - 1), current)
        for one, place in zip(after, before, strict=True):
            if one.pk != place.pk:
                Step.objects.filter(pk=one.pk).update(
                    position=place.position,
                    wait_amount=place.wait_amount,
                    wait_unit=place.wait_unit,
                    thread=StepThread.REPLY if one.position == 1 else one.thread,
                )
        _open_with_first(step.campaign_id)
        now = Step.objects.get(pk=step.pk)
        if now.position != current.position:
            tell(Edit(campaign, EditKind.STEP_MOVED, f"Step {current.name}", who, current.name, now.name))


def duplicate_step(step: Step, *, who: User | None = None) -> Step:
    """Put a copy with its wordings behind the step; that of a first message opens a thread of its own.

    In a launched campaign the copy becomes the last, and none of its wordings has a share before somebody gives it
    one: nobody gets the same text again because of a copy. Raises BadEdit at the twentieth.
    """
    with transaction.atomic():
        campaign = locked(step.campaign_id)
        original = step_now(campaign, step)
        is_draft = campaign.state == CampaignState.DRAFT
        copy = add_step(campaign, path=path_of(original.position), who=who)
        is_first = original.position == 1
        Step.objects.filter(pk=copy.pk).update(
            thread=StepThread.NEW if is_first else original.thread,
            **({} if is_first else {"wait_amount": original.wait_amount, "wait_unit": original.wait_unit}),
        )
        Variant.objects.filter(step=copy).delete()
        Variant.objects.bulk_create(
            Variant(
                step=copy,
                label=one.label,
                weight=one.weight if is_draft else 0,
                subject=one.subject,
                body_text=one.body_text,
                body_html=one.body_html,
            )
            for one in Variant.objects.filter(step=original).order_by("label")
        )
        if is_draft:
            _put_behind(original, copy)
        return Step.objects.get(pk=copy.pk)


def _put_behind(step: Step, last: Step) -> None:
    """Put the last step behind another; each keeps its wait."""
    behind = _steps_of(step.campaign_id, path_of(step.position)).filter(position__gt=step.position)
    between = behind.exclude(pk=last.pk)
    between.update(position=F("position") + 1)
    Step.objects.filter(pk=last.pk).update(position=step.position + 1)


def _steps_of(campaign_id: int, path: int) -> QuerySet[Step]:
    return Step.objects.filter(campaign=campaign_id, position__range=block_of(path))


def _open_with_first(campaign_id: int) -> None:
    Step.objects.filter(campaign=campaign_id, position=1).update(wait_amount=0, thread=StepThread.NEW)
