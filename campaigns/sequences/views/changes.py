"""Edits of a launched campaign: what would change, and for whom, before it counts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from campaigns.sequences.comparing import compare
from campaigns.sequences.effects import Effects, effects_of
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.queries import has_ways
from campaigns.sequences.services import Text
from campaigns.sequences.states import StepThread, opens_thread
from campaigns.sequences.timeline import wait_words
from campaigns.sequences.views.frame import FOLDER, editor_context
from outreach.accounts.access import MemberRequest
from outreach.kit.htmx import render_region


def is_sure(request: MemberRequest) -> bool:
    """Say whether the person has seen what an edit changes."""
    return "sure" in request.POST


def changes_page(
    request: MemberRequest, variant: Variant, text: Text, *, seen: str, came_from: int | None = None
) -> HttpResponse:
    """Show what a new text or share of a wording changes, with the numbers of whom it touches."""
    step = variant.step
    has_subject = opens_thread(step.position, StepThread(step.thread))
    parts = [
        ("Subject", variant.subject, text.subject) if has_subject else ("", "", ""),
        ("Text", variant.body_text, text.body_text),
        ("HTML", variant.body_html, text.body_html),
    ]
    fields: dict[str, Any] = {"subject": text.subject} if has_subject else {}
    is_weighed = variant.weight != text.weight
    differences = [(name, compare(old, new)) for name, old, new in parts if old != new]
    effects = effects_of(step.pk, {variant.label: text.weight})
    fields |= {"body_text": text.body_text, "body_html": text.body_html, "weight": text.weight, "seen": seen}
    return _page(
        request,
        step,
        variant=variant,
        differences=differences,
        weight=(variant.weight, text.weight) if is_weighed else None,
        effects=effects,
        touched=_touched(effects, variant.label, is_weighed=is_weighed, is_written=bool(differences)),
        act=request.member.url("sequences:variant_save", variant.pk),
        fields={**fields, **({"came_from": came_from} if came_from else {})},
    )


def _touched(effects: Effects, label: str, *, is_weighed: bool, is_written: bool) -> int:
    """Return how many of the pending get something else: another wording, or another text of the one they keep."""
    theirs = effects.of(label)
    if theirs is None:
        return effects.pending
    if not is_weighed:
        return theirs.then
    return effects.moved + (theirs.stays if is_written else 0)


def wait_changes_page(request: MemberRequest, step: Step, data: dict[str, Any]) -> HttpResponse:
    """Show what another wait or thread of a step changes. data: of the valid form."""
    effects = effects_of(step.pk)
    is_branched = has_ways(step.campaign)
    keeps_wait = (step.wait_amount, step.wait_unit) == (data["wait_amount"], data["wait_unit"])
    after = Step(wait_amount=data["wait_amount"], wait_unit=data["wait_unit"], thread=data["thread"])
    return _page(
        request,
        step,
        differences=[
            ("Wait and thread", compare(wait_words(step), wait_words(after))),
            *([("Subject, where there is none", compare("", data["subject"]))] if data["subject"] else []),
        ],
        effects=effects,
        touched=effects.pending - (0 if is_branched or keeps_wait else effects.waiting),
        is_branched=is_branched,
        keeps_wait=keeps_wait,
        act=request.member.url("sequences:step_save", step.pk),
        fields={name: data[name] for name in ("wait_amount", "wait_unit", "thread", "subject", "seen")},
    )


def _page(request: MemberRequest, step: Step, **context: Any) -> HttpResponse:
    context = editor_context(step.campaign, step=step, **context)
    return render_region(request, f"{FOLDER}/changes.html", context, region="changes")
