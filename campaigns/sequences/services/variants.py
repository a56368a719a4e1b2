"""The wordings of a step: text, versions and shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from string import ascii_uppercase

from django.db import transaction

from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.faults import faults_of
from campaigns.sequences.markup import MarkupProblem, clean_html
from campaigns.sequences.models import Step, Variant, WordingVersion
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services.holding import draft, locked, refuse_closed, refuse_overtaken, step_now, variant_now
from campaigns.sequences.states import CampaignState, StepThread, opens_thread
from campaigns.sequences.variables import known_variables
from campaigns.sequences.versions import version_of
from outreach.accounts.models import User
from outreach.kit import clock

# What one person types is one version for so long, from the first thing kept; what they save is always one of its own.
ONE_SITTING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Text:
    """The wording of a variant, as a person writes it."""

    subject: str
    body_text: str
    body_html: str = ""
    weight: int = 1


def cleaned(text: Text) -> Text:
    """Return the wording as it is kept: its HTML without what no mail needs. Raises BadEdit for HTML that is not taken.

    Every service here takes its text through this; what is clean stays as it is.
    """
    if not text.body_html:
        return text
    try:
        return replace(text, body_html=clean_html(text.body_html))
    except MarkupProblem as problem:
        raise BadEdit("body_html", str(problem)) from problem


def add_variant(step: Step, *, like: Variant | None = None, by: User | None = None) -> Variant:
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
            saved_by=by,
            saved_at=clock.now(),
        )


def save_variant(
    variant: Variant, text: Text, *, seen: str | None = None, by: User | None = None, came_from: int | None = None
) -> None:
    """Set a wording; another text is another version of it, and messages that were made already keep theirs.

    came_from: the version whose text this is, brought back.
    Raises BadEdit for HTML that is not taken, and when a launched campaign would be left with something that cannot be
    sent; Overtaken.
    """
    text = cleaned(text)
    with transaction.atomic():
        campaign = locked(variant.step.campaign_id)
        current = variant_now(variant)
        refuse_overtaken(seen, seen_variant(current), "this wording")
        if campaign.state != CampaignState.DRAFT:
            _refuse_gaps(current, text)
        if _is_same(current, text):
            Variant.objects.filter(pk=current.pk).update(weight=text.weight, is_kept=True)
        else:
            _write(current, text, by=by, came_from=came_from, is_kept=True)


def keep_variant(variant: Variant, text: Text, *, seen: str, by: User) -> Variant:
    """Keep what somebody has typed so far in a draft, and return the wording as it stands then.

    What one person types within ten minutes of the first thing kept is one version, until they save it; who types for
    an hour leaves a version of each ten minutes. The text may be broken: the launch
    looks at it, and so does whoever saves it. Raises IllegalMove once the campaign was launched, Overtaken, and BadEdit
    for HTML that is not taken.
    """
    text = cleaned(text)
    with transaction.atomic():
        draft(variant.step.campaign_id)
        current = variant_now(variant)
        refuse_overtaken(seen, seen_variant(current), "this wording")
        since = clock.now() - ONE_SITTING
        goes_on = not current.is_kept and current.saved_by_id == by.pk and current.begun_at and current.begun_at > since
        if _is_same(current, text):
            Variant.objects.filter(pk=current.pk).update(weight=text.weight)
        elif goes_on:
            _set(current, text, saved_at=clock.now())
        else:
            _write(current, text, by=by, came_from=None, is_kept=False)
        return Variant.objects.get(pk=current.pk)


def restore_variant(variant: Variant, number: int, *, by: User | None = None, seen: str | None = None) -> None:
    """Bring the text of an earlier version back, as a new one; the share stays. Raises IllegalMove, and as a save."""
    with transaction.atomic():
        locked(variant.step.campaign_id)
        current = variant_now(variant)
        old = version_of(current, number)
        if old is None:
            raise IllegalMove("There is no such version of this wording.")
        text = Text(old.subject, old.body_text, old.body_html, current.weight)
        save_variant(current, text, seen=seen, by=by, came_from=old.origin)


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


def check_variant(variant: Variant, text: Text, *, seen: str | None = None) -> None:
    """Raise what save_variant would raise, and write nothing."""
    text = cleaned(text)
    current = variant_now(variant)
    refuse_closed(current.step.campaign)
    refuse_overtaken(seen, seen_variant(current), "this wording")
    if current.step.campaign.state != CampaignState.DRAFT:
        _refuse_gaps(current, text)


def _refuse_gaps(variant: Variant, text: Text) -> None:
    if not text.weight:
        if not Variant.objects.filter(step=variant.step_id, weight__gt=0).exclude(pk=variant.pk).exists():
            raise BadEdit("weight", "This step is being sent: one of its wordings needs a share.")
        return
    is_sent_already = bool(variant.weight) and _is_same(variant, text)
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread))
    refuse_unsendable(variant, text, has_subject=has_subject, is_sent_already=is_sent_already)


def refuse_unsendable(variant: Variant, text: Text, *, has_subject: bool, is_sent_already: bool = False) -> None:
    """Raise BadEdit for a text that cannot be sent, or should not: what a launch would refuse.

    has_subject: the step opens a thread. is_sent_already: only what nobody could get at all is refused, for the launch
    or a save has looked at the rest.
    """
    if has_subject and not text.subject.strip():
        raise BadEdit("subject", "This step is being sent: it needs a subject.")
    if not text.body_text.strip():
        raise BadEdit("body_text", "This step is being sent: it needs a text.")
    if is_sent_already:
        return
    known = known_variables(variant.step.campaign.workspace_id)
    texts = (text.subject, text.body_text, text.body_html)
    for fault in faults_of(*texts, known=known, opens_thread=has_subject):
        where = f"line {fault.line}: " if fault.line else ""
        raise BadEdit(
            fault.part, f"This step is being sent, and a launch would be refused: {where}{fault.words} {fault.fix}"
        )


def _is_same(variant: Variant, text: Text) -> bool:
    stored = (variant.subject, variant.body_text, variant.body_html)
    return stored == (text.subject, text.body_text, text.body_html)


def _write(current: Variant, text: Text, *, by: User | None, came_from: int | None, is_kept: bool) -> None:
    """Put the wording as it stands behind it, and set the new one under the next number."""
    WordingVersion.objects.create(
        variant=current,
        number=current.version,
        subject=current.subject,
        body_text=current.body_text,
        body_html=current.body_html,
        came_from=current.came_from,
        saved_by_id=current.saved_by_id,
        saved_at=current.saved_at,
    )
    _set(
        current,
        text,
        version=current.version + 1,
        came_from=came_from,
        is_kept=is_kept,
        saved_by=by,
        saved_at=clock.now(),
        begun_at=None if is_kept else clock.now(),
    )


def _set(current: Variant, text: Text, **columns: object) -> None:
    Variant.objects.filter(pk=current.pk).update(
        subject=text.subject, body_text=text.body_text, body_html=text.body_html, weight=text.weight, **columns
    )
