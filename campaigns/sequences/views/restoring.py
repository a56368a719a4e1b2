"""Earlier texts of a wording brought back: undo and redo beside what is typed, and any version from their list."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from campaigns.sequences import queries, services
from campaigns.sequences.editing import Desk, variant_form
from campaigns.sequences.errors import Overtaken
from campaigns.sequences.forms import VariantForm
from campaigns.sequences.models import Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.states import LAUNCHED
from campaigns.sequences.variables import known_variables
from campaigns.sequences.versions import Version, redo_of, undo_of, version_of
from campaigns.sequences.views.changes import changes_page
from campaigns.sequences.views.frame import attempt, saved
from campaigns.sequences.views.steps import sequence_page
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role

_UNSAVED = (
    "What you typed here is not saved, and this would drop it. "
    "See what changes and save it first, or open the page anew."
)


@require_POST
@member_page(Role.MEMBER)
def variant_restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring an earlier version back: at once in a draft, and else after a look at what it changes.

    `undo`, `redo`: from the form of the wording, with what is typed there. `number`: from the list of versions. Either
    way `seen` is what the page was drawn from.
    """
    variant = queries.variant_for(request.member, pk)
    if {"undo", "redo"} & set(request.POST):
        return _beside_the_text(request, variant)
    asked = request.POST.get("number", "")
    old = version_of(variant, int(asked)) if asked.isdecimal() and len(asked) < 6 else None
    if old is None:
        messages.error(request, "There is no such version of this wording.")
        return redirect(request.member.url("sequences:variant_versions", pk))
    return _from_the_list(request, variant, old)


def _from_the_list(request: MemberRequest, variant: Variant, old: Version) -> HttpResponse:
    seen = request.POST.get("seen", "")
    if seen != seen_variant(variant):
        words = (
            "Somebody else saved this wording after you opened this page. Look at what they saved, then choose again."
        )
        messages.error(request, words)
        return redirect(request.member.url("sequences:variant_versions", variant.pk))
    if variant.step.campaign.state in LAUNCHED:
        return changes_page(request, variant, _text_of(variant, old), seen=seen, came_from=old.origin)
    by = request.member.user
    return attempt(
        request,
        variant.step.campaign_id,
        lambda: services.restore_variant(variant, old.number, by=by, seen=seen),
        _words(variant, old),
    )


def _beside_the_text(request: MemberRequest, variant: Variant) -> HttpResponse:
    """Undo or redo. What was typed since is kept first; what cannot be kept is refused, and stays typed."""
    campaign = variant.step.campaign
    known = known_variables(campaign.workspace_id)
    form = variant_form(variant, known, request.POST, may_be_broken=True)
    desk = Desk(known, variant_forms={variant.pk: form})
    if not form.is_valid():
        return sequence_page(request, campaign, desk, status=422)
    # Whoever sees what stands is not overtaken: it is their own text, kept while they typed.
    is_typed = bool(set(form.changed_data) - {"seen"})
    if campaign.state in LAUNCHED:
        return _undo_launched(request, variant, desk, form, is_typed=is_typed)
    if not saved(request, form, lambda: _undo(request, variant, form, is_typed=is_typed)):
        return sequence_page(request, campaign, desk, status=422)
    return redirect(request.member.url("sequences:sequence", campaign.pk))


def _undo(request: MemberRequest, variant: Variant, form: VariantForm, *, is_typed: bool) -> None:
    by, current = request.member.user, variant
    if is_typed:
        text = form.text(subject=variant.subject)
        current = services.keep_variant(variant, text, seen=form.cleaned_data["seen"], by=by)
    old = _asked(request, current)
    if old is None:
        messages.info(request, "There is nothing to redo: what you typed is the newest version.")
        return
    services.restore_variant(current, old.number, by=by, seen=seen_variant(current))
    messages.success(request, _words(variant, old))


def _undo_launched(
    request: MemberRequest, variant: Variant, desk: Desk, form: VariantForm, *, is_typed: bool
) -> HttpResponse:
    """Show what an undo changes. Nothing is kept of a launched campaign, so what is typed must be saved, or left."""
    seen, old = seen_variant(variant), _asked(request, variant)
    if is_typed and form.cleaned_data["seen"] != seen:
        form.overtake(Overtaken("this wording", seen=seen))
    elif is_typed:
        form.add_error(None, _UNSAVED)
    elif old is None:
        messages.error(request, "There is no such version of this wording.")
    elif saved(request, form, lambda: services.check_variant(variant, _text_of(variant, old), seen=seen)):
        return changes_page(request, variant, _text_of(variant, old), seen=seen, came_from=old.origin)
    return sequence_page(request, variant.step.campaign, desk, status=422)


def _asked(request: MemberRequest, variant: Variant) -> Version | None:
    found = (undo_of if "undo" in request.POST else redo_of)([variant])
    number = found.get(variant.pk)
    return None if number is None else version_of(variant, number)


def _text_of(variant: Variant, old: Version) -> services.Text:
    return services.Text(old.subject, old.body_text, old.body_html, variant.weight)


def _words(variant: Variant, old: Version) -> str:
    return f"Step {variant.step.name}, wording {variant.label} reads as in version {old.origin} again."
