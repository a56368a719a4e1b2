"""The acts on the wordings of a step."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from campaigns.sequences import queries, services
from campaigns.sequences.editing import Desk, variant_form
from campaigns.sequences.forms import VariantForm
from campaigns.sequences.models import Variant
from campaigns.sequences.positions import step_name
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.frame import attempt, saved
from campaigns.sequences.views.steps import sequence_page
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role


@require_POST
@member_page(Role.MEMBER)
def variant_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a wording to a step."""
    step = queries.step_for(request.member, pk)
    return attempt(request, step.campaign_id, lambda: services.add_variant(step))


@require_POST
@member_page(Role.MEMBER)
def variant_copy(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a copy of a wording to its step, to change and to compare."""
    variant = queries.variant_for(request.member, pk)
    return attempt(
        request, variant.step.campaign_id, lambda: services.add_variant(variant.step, like=variant), "Copied."
    )


@require_POST
@member_page(Role.MEMBER)
def variant_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a wording; problems of the template language stand beside their field."""
    variant = queries.variant_for(request.member, pk)
    known = known_variables(variant.step.campaign.workspace_id)
    form = variant_form(variant, known, request.POST)
    if form.is_valid() and saved(request, form, lambda: _save_variant(variant, form)):
        messages.success(request, f"Step {step_name(variant.step.position)}, wording {variant.label} saved.")
        return redirect(request.member.url("sequences:sequence", variant.step.campaign_id))
    desk = Desk(known, variant_forms={pk: form})
    return sequence_page(request, variant.step.campaign, desk, status=422)


@require_POST
@member_page(Role.MEMBER)
def variant_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a wording, or take its share once the campaign was launched."""
    variant = queries.variant_for(request.member, pk)
    return attempt(request, variant.step.campaign_id, lambda: services.remove_variant(variant))


def _save_variant(variant: Variant, form: VariantForm) -> None:
    text = form.text(subject=variant.subject, body_html=variant.body_html)
    services.save_variant(variant, text, seen=form.cleaned_data["seen"])
