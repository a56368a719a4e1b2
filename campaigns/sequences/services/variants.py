"""The wordings of a step: text and shares."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from django.db import transaction

from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services.holding import locked, refuse_overtaken, step_now, variant_now
from campaigns.sequences.states import CampaignState, StepThread, opens_thread


@dataclass(frozen=True, slots=True)
class Text:
    """The wording of a variant, as a person writes it."""

    subject: str
    body_text: str
    body_html: str = ""
    weight: int = 1


def add_variant(step: Step, *, like: Variant | None = None) -> Variant:
    """Add a wording under the next letter, empty or a copy of another one of the step. Raises BadEdit behind Z.

    In a launched campaign it has no share before somebody gives it one.
    """
    with transaction.atomic():
        campaign = locked(step.campaign_id)
        step_now(campaign, step)
        model = variant_now(like) if like else Variant()
        taken = set(Variant.objects.filter(step=step).values_list("label", flat=True))
        label = next((letter for letter in ascii_uppercase if letter not in taken), None)
        if label is None:
            raise BadEdit("", f"A step has {len(ascii_uppercase)} wordings at most.")
        return Variant.objects.create(
            step=step,
            label=label,
            weight=1 if campaign.state == CampaignState.DRAFT else 0,
            subject=model.subject,
            body_text=model.body_text,
            body_html=model.body_html,
        )


def save_variant(variant: Variant, text: Text, *, seen: str | None = None) -> None:
    """Set a wording; messages that were made already keep theirs.

    Raises BadEdit when a launched campaign would be left with something that cannot be sent, Overtaken.
    """
    with transaction.atomic():
        campaign = locked(variant.step.campaign_id)
        current = variant_now(variant)
        refuse_overtaken(seen, seen_variant(current), "this wording")
        if campaign.state != CampaignState.DRAFT:
            _refuse_gaps(current, text)
        Variant.objects.filter(pk=variant.pk).update(
            subject=text.subject, body_text=text.body_text, body_html=text.body_html, weight=text.weight
        )


def remove_variant(variant: Variant) -> None:
    """Remove a wording; one of a launched campaign only loses its share, since it belongs to the history.

    Raises BadEdit for the only one, or the only one with a share.
    """
    with transaction.atomic():
        campaign = locked(variant.step.campaign_id)
        current = variant_now(variant)
        others = Variant.objects.filter(step=current.step_id).exclude(pk=current.pk)
        if campaign.state == CampaignState.DRAFT:
            if not others.exists():
                raise BadEdit("", "A step keeps one wording at least.")
            current.delete()
        else:
            if not others.filter(weight__gt=0).exists():
                raise BadEdit("", "A launched step keeps one wording with a share.")
            Variant.objects.filter(pk=current.pk).update(weight=0)


def _refuse_gaps(variant: Variant, text: Text) -> None:
    if not text.weight:
        if not Variant.objects.filter(step=variant.step_id, weight__gt=0).exclude(pk=variant.pk).exists():
            raise BadEdit("weight", "This step is being sent: one of its wordings needs a share.")
        return
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread))
    if has_subject and not text.subject.strip():
        raise BadEdit("subject", "This step is being sent: it needs a subject.")
    if not text.body_text.strip():
        raise BadEdit("body_text", "This step is being sent: it needs a text.")
