"""HTTP of the campaign editor: read the input, call one service, answer with the page or its region."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.calendar import WaitUnit
from campaigns.sequences import queries, services
from campaigns.sequences.editing import StepCard, cards
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.forms import CampaignForm, ScheduleForm, StepForm, VariantForm
from campaigns.sequences.models import AudienceList, Campaign, SendWindow
from campaigns.sequences.states import StepThread
from campaigns.sequences.variables import known_variables
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.slots import CAMPAIGN_TABS

_FOLDER = "campaigns/sequences"


def editor_context(campaign: Campaign, **more: Any) -> dict[str, Any]:
    """Return what every page of a campaign shows around its own content."""
    return {"campaign": campaign, "tabs": CAMPAIGN_TABS, **more}


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def campaign_create(request: MemberRequest) -> HttpResponse:
    """Name a new campaign."""
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        campaign = services.create_campaign(request.member, form.cleaned_data["name"])
        return redirect(request.member.url("sequences:sequence", campaign.pk))
    return render_region(request, f"{_FOLDER}/create.html", {"form": form}, status=_status(form))


@require_POST
@member_page(Role.MEMBER)
def campaign_rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a campaign another name."""
    campaign = queries.campaign_for(request.member, pk)
    form = CampaignForm(request.POST)
    if form.is_valid():
        services.rename(campaign, form.cleaned_data["name"])
    else:
        messages.error(request, "A campaign needs a name of at most 120 characters.")
    return redirect(request.member.url("sequences:sequence", pk))


@require_GET
@member_page(Role.VIEWER)
def sequence(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the steps and their wordings."""
    campaign = queries.campaign_for(request.member, pk)
    return _sequence_page(request, campaign, cards(campaign))


@require_POST
@member_page(Role.MEMBER)
def step_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a step behind the last."""
    services.add_step(queries.campaign_for(request.member, pk))
    return redirect(request.member.url("sequences:sequence", pk))


@require_POST
@member_page(Role.MEMBER)
def step_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a step's wait and thread."""
    step = queries.step_for(request.member, pk)
    form = StepForm(request.POST)
    if not form.is_valid():
        return _sequence_page(request, step.campaign, cards(step.campaign, step_form=(pk, form)), status=422)
    data = form.cleaned_data
    services.save_step(
        step,
        wait_amount=data["wait_amount"],
        wait_unit=WaitUnit(data["wait_unit"]),
        thread=StepThread(data["thread"]),
    )
    messages.success(request, f"Step {step.position} saved.")
    return redirect(request.member.url("sequences:sequence", step.campaign_id))


@require_POST
@member_page(Role.MEMBER)
def step_place(request: MemberRequest, pk: int) -> HttpResponse:
    """Move a step one place up or down."""
    step = queries.step_for(request.member, pk)
    return _try(request, step.campaign_id, lambda: services.move_step(step, by=-1 if "up" in request.POST else 1))


@require_POST
@member_page(Role.MEMBER)
def step_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a step of a draft."""
    step = queries.step_for(request.member, pk)
    return _try(request, step.campaign_id, lambda: services.remove_step(step))


@require_POST
@member_page(Role.MEMBER)
def variant_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a wording to a step."""
    step = queries.step_for(request.member, pk)
    services.add_variant(step)
    return redirect(request.member.url("sequences:sequence", step.campaign_id))


@require_POST
@member_page(Role.MEMBER)
def variant_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a wording; problems of the template language stand beside their field."""
    variant = queries.variant_for(request.member, pk)
    campaign = variant.step.campaign
    form = VariantForm(request.POST, known=known_variables(campaign.workspace_id))
    if not form.is_valid():
        return _sequence_page(request, campaign, cards(campaign, variant_form=(pk, form)), status=422)
    services.save_variant(variant, form.text())
    messages.success(request, f"Step {variant.step.position}, wording {variant.label} saved.")
    return redirect(request.member.url("sequences:sequence", campaign.pk))


@require_POST
@member_page(Role.MEMBER)
def variant_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a wording, or take its share once it carried mail."""
    variant = queries.variant_for(request.member, pk)
    services.remove_variant(variant)
    return redirect(request.member.url("sequences:sequence", variant.step.campaign_id))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def audience(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the lists whose contacts are written to."""
    campaign = queries.campaign_for(request.member, pk)
    if request.method == "POST":
        request.member.require(Role.MEMBER)
        services.set_audience(campaign, [int(one) for one in request.POST.getlist("lists") if one.isdecimal()])
        messages.success(request, "Audience saved.")
        return redirect(request.member.url("sequences:audience", pk))
    chosen = set(AudienceList.objects.filter(campaign=campaign).values_list("contact_list_id", flat=True))
    context = editor_context(campaign, lists=queries.lists_with_counts(request.member), chosen=chosen)
    return render_region(request, f"{_FOLDER}/audience.html", context)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def schedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Set when the campaign may send."""
    campaign = queries.campaign_for(request.member, pk)
    if request.method == "POST":
        request.member.require(Role.MEMBER)
    form = ScheduleForm(request.POST) if request.method == "POST" else ScheduleForm(initial=_schedule_of(campaign))
    if request.method == "POST" and form.is_valid():
        services.save_schedule(campaign, form.schedule())
        messages.success(request, "Schedule saved.")
        return redirect(request.member.url("sequences:schedule", pk))
    return render_region(request, f"{_FOLDER}/schedule.html", editor_context(campaign, form=form), status=_status(form))


def _sequence_page(
    request: MemberRequest, campaign: Campaign, steps: list[StepCard], *, status: int = 200
) -> HttpResponse:
    variables = sorted(known_variables(campaign.workspace_id))
    context = editor_context(campaign, cards=steps, variables=variables)
    return render_region(request, f"{_FOLDER}/sequence.html", context, status=status)


def _schedule_of(campaign: Campaign) -> dict[str, Any]:
    windows = list(SendWindow.objects.filter(campaign=campaign).order_by("weekday", "start_minute"))
    first = windows[0] if windows else None
    return {
        "time_zone": campaign.time_zone,
        "use_contact_zone": campaign.use_contact_zone,
        "weekdays": [window.weekday for window in windows],
        "start": _time(first.start_minute) if first else time(9),
        "end": _time(first.end_minute) if first else time(17),
        "new_leads_per_day": campaign.new_leads_per_day,
    }


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _try(request: MemberRequest, campaign_id: int, act: Any) -> HttpResponse:
    try:
        act()
    except IllegalMove as error:
        messages.error(request, str(error))
    return redirect(request.member.url("sequences:sequence", campaign_id))


def _status(form: Any) -> int:
    return 422 if form.is_bound and not form.is_valid() else 200
