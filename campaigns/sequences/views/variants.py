"""The acts on the wordings of a step."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from campaigns.sequences import queries, services
from campaigns.sequences.editing import Desk, variant_form
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.forms import VariantForm
from campaigns.sequences.markup import MarkupProblem, clean_html, text_of_html
from campaigns.sequences.models import Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.states import LAUNCHED
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.changes import changes_page, is_sure
from campaigns.sequences.views.frame import attempt, saved
from campaigns.sequences.views.steps import sequence_page
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role


@require_POST
@member_page(Role.MEMBER)
def variant_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a wording to a step."""
    step = queries.step_for(request.member, pk)
    return attempt(request, step.campaign_id, lambda: services.add_variant(step, by=request.member.user))


@require_POST
@member_page(Role.MEMBER)
def variant_copy(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a copy of a wording to its step, to change and to compare."""
    variant = queries.variant_for(request.member, pk)
    by = request.member.user
    act = partial(services.add_variant, variant.step, like=variant, by=by)
    return attempt(request, variant.step.campaign_id, act, "Copied.")


@require_POST
@member_page(Role.MEMBER)
def variant_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a wording; problems of the template language stand beside their field.

    In a launched campaign it is shown first what changes for whom. `read`: take the text from the HTML; `again`: go on
    editing what was about to be saved.
    """
    variant = queries.variant_for(request.member, pk)
    campaign = variant.step.campaign
    known = known_variables(campaign.workspace_id)
    form = variant_form(variant, known, _with_text(request))
    desk = Desk(known, variant_forms={pk: form})
    if {"again", "read"} & set(request.POST):
        form.is_valid()
        return sequence_page(request, campaign, desk, status=422)
    if form.is_valid() and campaign.state in LAUNCHED and not is_sure(request):
        text = form.text(subject=variant.subject)
        if not form.has_changed():
            messages.info(request, "Nothing has changed.")
            return redirect(request.member.url("sequences:sequence", campaign.pk))
        if saved(request, form, lambda: services.check_variant(variant, text, seen=form.cleaned_data["seen"])):
            return changes_page(request, variant, text, seen=form.cleaned_data["seen"])
    elif form.is_valid() and saved(request, form, lambda: _save_variant(request, variant, form)):
        messages.success(request, f"Step {variant.step.name}, wording {variant.label} saved.")
        return redirect(request.member.url("sequences:sequence", campaign.pk))
    return sequence_page(request, campaign, desk, status=422)


@require_POST
@member_page(Role.MEMBER)
def variant_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a wording; once the campaign was launched, show what taking its share changes."""
    variant = queries.variant_for(request.member, pk)
    if variant.step.campaign.state not in LAUNCHED or not variant.weight:
        return attempt(
            request, variant.step.campaign_id, lambda: services.take_variant_out(variant, by=request.member.user)
        )
    text = services.Text(variant.subject, variant.body_text, variant.body_html, weight=0)
    try:
        services.check_variant(variant, text)
    except SequenceError as error:
        messages.error(request, str(error))
        return redirect(request.member.url("sequences:sequence", variant.step.campaign_id))
    return changes_page(request, variant, text, seen=seen_variant(variant))


def _save_variant(request: MemberRequest, variant: Variant, form: VariantForm) -> None:
    data = form.cleaned_data
    text = form.text(subject=variant.subject)
    services.save_variant(variant, text, seen=data["seen"], by=request.member.user, came_from=data["came_from"])


def _with_text(request: MemberRequest) -> QueryDict:
    """Return what the form sent; with the text that its HTML reads as where that was asked for."""
    if "read" not in request.POST:
        return request.POST
    data = request.POST.copy()
    try:
        data["body_text"] = text_of_html(clean_html(data.get("body_html", "")))
    except MarkupProblem as problem:
        messages.error(request, str(problem))
    return data
