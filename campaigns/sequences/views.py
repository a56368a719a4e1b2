"""HTTP of the campaign editor: read the input, call one service, answer with the page or its region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.calendar import WaitUnit, closed_text
from campaigns.contacts.queries import lists_of, segments_of
from campaigns.sequences import queries, services
from campaigns.sequences.closed_forms import ClosedDaysForm, ClosingForm, labels
from campaigns.sequences.closing import Closing, closing_of, days_to_come
from campaigns.sequences.editing import Desk, cards, schedule_values, step_form, unlike_the_form, variant_form
from campaigns.sequences.errors import BadEdit, Overtaken, SequenceError
from campaigns.sequences.forms import (
    AudienceForm,
    CampaignForm,
    EditForm,
    ScheduleForm,
    StepForm,
    VariantForm,
)
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.seen import seen_audience
from campaigns.sequences.states import CampaignState, StepThread
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
    form = CampaignForm(_sent(request))
    if form.is_valid():
        campaign = services.create_campaign(request.member, form.cleaned_data["name"])
        return redirect(request.member.url("sequences:sequence", campaign.pk))
    return render_region(request, f"{_FOLDER}/create.html", {"form": form}, region="create", status=_status(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def campaign_rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a campaign another name."""
    campaign = queries.campaign_for(request.member, pk)
    form = CampaignForm(_sent(request), initial={"name": campaign.name})
    if form.is_valid():
        return _try(request, pk, lambda: services.rename(campaign, form.cleaned_data["name"]), "Renamed.")
    context = editor_context(campaign, form=form)
    return render_region(request, f"{_FOLDER}/rename.html", context, region="rename", status=_status(form))


@require_GET
@member_page(Role.VIEWER)
def sequence(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the steps and their wordings."""
    campaign = queries.campaign_for(request.member, pk)
    desk = Desk(known_variables(campaign.workspace_id), is_frozen=not _may_change(request, campaign))
    return _sequence_page(request, campaign, desk)


@require_POST
@member_page(Role.MEMBER)
def step_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a step behind the last."""
    campaign = queries.campaign_for(request.member, pk)
    words = "" if campaign.state == CampaignState.DRAFT else "Added. Who has finished the sequence does not get it."
    return _try(request, pk, lambda: services.add_step(campaign), words)


@require_POST
@member_page(Role.MEMBER)
def step_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a step's wait and thread."""
    step = queries.step_for(request.member, pk)
    form = step_form(step, request.POST)
    if form.is_valid() and _saved(request, form, lambda: _save_step(step, form)):
        messages.success(request, f"Step {step.position} saved.")
        return redirect(request.member.url("sequences:sequence", step.campaign_id))
    desk = Desk(known_variables(step.campaign.workspace_id), step_forms={pk: form})
    return _sequence_page(request, step.campaign, desk, status=422)


@require_POST
@member_page(Role.MEMBER)
def step_place(request: MemberRequest, pk: int) -> HttpResponse:
    """Move a step one place up or down."""
    step = queries.step_for(request.member, pk)
    by = int("down" in request.POST) - int("up" in request.POST)
    return _try(request, step.campaign_id, lambda: services.move_step(step, by=by))


@require_POST
@member_page(Role.MEMBER)
def step_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a step of a draft."""
    step = queries.step_for(request.member, pk)
    return _try(request, step.campaign_id, lambda: services.remove_step(step), f"Step {step.position} is removed.")


@require_POST
@member_page(Role.MEMBER)
def variant_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a wording to a step."""
    step = queries.step_for(request.member, pk)
    return _try(request, step.campaign_id, lambda: services.add_variant(step))


@require_POST
@member_page(Role.MEMBER)
def variant_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a wording; problems of the template language stand beside their field."""
    variant = queries.variant_for(request.member, pk)
    known = known_variables(variant.step.campaign.workspace_id)
    form = variant_form(variant, known, request.POST)
    if form.is_valid() and _saved(request, form, lambda: _save_variant(variant, form)):
        messages.success(request, f"Step {variant.step.position}, wording {variant.label} saved.")
        return redirect(request.member.url("sequences:sequence", variant.step.campaign_id))
    desk = Desk(known, variant_forms={pk: form})
    return _sequence_page(request, variant.step.campaign, desk, status=422)


@require_POST
@member_page(Role.MEMBER)
def variant_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a wording, or take its share once the campaign was launched."""
    variant = queries.variant_for(request.member, pk)
    return _try(request, variant.step.campaign_id, lambda: services.remove_variant(variant))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def audience(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the lists and segments whose contacts are written to."""
    campaign = queries.campaign_for(request.member, pk)
    lists, segments = list(lists_of(request.member)), list(segments_of(request.member))
    chosen, inside = queries.audience_of(campaign), queries.audience_segments_of(campaign)
    may_change = _may_change(request, campaign) and campaign.state == CampaignState.DRAFT
    initial = {"lists": sorted(chosen), "segments": sorted(inside), "seen": seen_audience(chosen, inside)}
    ids = {"list_ids": [one.pk for one in lists], "segment_ids": [one.pk for one in segments]}
    form = AudienceForm(_sent(request), initial=initial, is_frozen=not may_change, **ids)
    if form.is_valid() and _saved(request, form, lambda: _save_audience(campaign, form)):
        messages.success(request, "Audience saved.")
        return redirect(request.member.url("sequences:audience", pk))
    context = editor_context(
        campaign,
        form=form,
        rows=[(one, str(one.pk) in form.chosen()) for one in lists],
        segments=[(one, str(one.pk) in form.chosen("segments")) for one in segments],
        may_change=may_change,
        may_change_roles=_may_change(request, campaign),
    )
    return render_region(request, f"{_FOLDER}/audience.html", context, region="audience", status=_status(form))


@require_POST
@member_page(Role.MEMBER)
def growth(request: MemberRequest, pk: int) -> HttpResponse:
    """Enroll whoever comes into the audience later, or not."""
    campaign = queries.campaign_for(request.member, pk)
    services.let_grow(campaign, grows=request.POST.get("grows") == "on")
    messages.success(request, "Saved.")
    return redirect(request.member.url("sequences:audience", pk))


@require_POST
@member_page(Role.MEMBER)
def roles(request: MemberRequest, pk: int) -> HttpResponse:
    """Leave out the addresses of offices, or write to them, too."""
    campaign = queries.campaign_for(request.member, pk)
    services.leave_out_roles(campaign, skips=request.POST.get("skips_roles") == "on")
    messages.success(request, "Saved. Whoever was left out already stays out.")
    return redirect(request.member.url("sequences:audience", pk))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def schedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Set when the campaign may send."""
    campaign = queries.campaign_for(request.member, pk)
    windows, may_change = queries.windows_of(campaign), _may_change(request, campaign)
    own, of_workspace = closing_of(campaign.workspace_id, campaign), closing_of(campaign.workspace_id, None)
    form = ScheduleForm(_sent(request), initial=schedule_values(campaign, windows, own), is_frozen=not may_change)
    if form.is_valid() and not _looks(request) and _saved(request, form, lambda: _save_schedule(campaign, form)):
        messages.success(request, "Schedule saved.")
        return redirect(request.member.url("sequences:schedule", pk))
    context = editor_context(
        campaign,
        form=form,
        unlike=unlike_the_form(windows),
        may_change=may_change,
        of_workspace=of_workspace,
        **_days(form, own, campaign.time_zone, beside=of_workspace),
    )
    return render_region(request, f"{_FOLDER}/schedule.html", context, region="schedule", status=_looked(request, form))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def closed_days(request: MemberRequest) -> HttpResponse:
    """Set the days on which no campaign of the workspace sends."""
    workspace, may_change = request.member.workspace, request.member.may(Role.MEMBER)
    closing = closing_of(workspace.pk, None)
    initial = {"closed": closed_text(closing.spans), "regions": labels(closing.regions)}
    form = ClosedDaysForm(_sent(request), initial=initial, is_frozen=not may_change)
    if form.is_valid() and not _looks(request):
        services.close(workspace, form.cleaned_data["closed"], form.cleaned_data["regions"])
        messages.success(request, "Saved. Every campaign follows it from its next message.")
        return redirect(request.member.url("sequences:closed_days"))
    context = {"form": form, "may_change": may_change, **_days(form, closing, workspace.time_zone)}
    status = _looked(request, form)
    return render_region(request, f"{_FOLDER}/closed_days.html", context, region="closed", status=status)


def _days(form: ClosingForm, stored: Closing, zone_name: str, *, beside: Closing | None = None) -> dict[str, Any]:
    """Return the closed days to come: as the form stands if it can be read, else as they are stored.

    beside: those of the workspace, where the form is of a campaign.
    """
    is_draft = form.is_bound and not {"closed", "regions"} & set(form.errors)
    closing = Closing(form.cleaned_data["closed"], form.cleaned_data["regions"]) if is_draft else stored
    days = days_to_come(zone_name, beside, closing) if beside else days_to_come(zone_name, closing)
    told = {"unknown": closing.unknown, "ending": closing.ending}
    return {"days": days, **told, "is_draft": is_draft, "with_owner": beside is not None}


def _looks(request: MemberRequest) -> bool:
    """Say whether the days of a form are asked for before it is saved."""
    return "look" in request.POST


def _looked(request: MemberRequest, form: CampaignForm | EditForm | ClosingForm) -> int:
    return 200 if _looks(request) and form.is_valid() else _status(form)


def _sequence_page(request: MemberRequest, campaign: Campaign, desk: Desk, *, status: int = 200) -> HttpResponse:
    context = editor_context(
        campaign,
        cards=cards(campaign, desk),
        variables=sorted(desk.known),
        may_change=_may_change(request, campaign),
    )
    return render_region(request, f"{_FOLDER}/sequence.html", context, region="sequence", status=status)


def _save_audience(campaign: Campaign, form: AudienceForm) -> None:
    data = form.cleaned_data
    services.set_audience(campaign, data["lists"], data["segments"], seen=data["seen"])


def _save_schedule(campaign: Campaign, form: ScheduleForm) -> None:
    services.save_schedule(campaign, form.schedule(), seen=form.cleaned_data["seen"])


def _save_step(step: Step, form: StepForm) -> None:
    data = form.cleaned_data
    services.save_step(
        step,
        wait_amount=data["wait_amount"],
        wait_unit=WaitUnit(data["wait_unit"]),
        thread=StepThread(data["thread"]),
        seen=data["seen"],
    )


def _save_variant(variant: Variant, form: VariantForm) -> None:
    text = form.text(subject=variant.subject, body_html=variant.body_html)
    services.save_variant(variant, text, seen=form.cleaned_data["seen"])


def _saved(request: MemberRequest, form: EditForm, act: Callable[[], None]) -> bool:
    """Act; what is refused is told in the form, or above the page when it is no matter of the form."""
    try:
        act()
    except BadEdit as error:
        form.refuse(error)
    except Overtaken as error:
        form.overtake(error)
    except SequenceError as error:
        messages.error(request, str(error))
    else:
        return True
    return False


def _try(request: MemberRequest, campaign_id: int, act: Callable[[], object], words: str = "") -> HttpResponse:
    """Act and go back to the sequence, with what was refused, or with the words."""
    try:
        act()
    except SequenceError as error:
        messages.error(request, str(error))
    else:
        if words:
            messages.success(request, words)
    return redirect(request.member.url("sequences:sequence", campaign_id))


def _sent(request: MemberRequest) -> QueryDict | None:
    """Return what a form sent, also when it is empty; None when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def _may_change(request: MemberRequest, campaign: Campaign) -> bool:
    return request.member.may(Role.MEMBER) and campaign.state != CampaignState.ARCHIVED


def _status(form: CampaignForm | EditForm | ClosingForm) -> int:
    return 422 if form.is_bound else 200
