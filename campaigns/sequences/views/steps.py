"""The sequence page, and the acts on its steps."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences import queries, services
from campaigns.sequences.editing import QUICK, Desk, days_by_step, paths, step_form
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.forms import StepForm
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.positions import MAIN, step_name
from campaigns.sequences.seen import seen_step
from campaigns.sequences.states import LAUNCHED, CampaignState, StepThread
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.changes import is_sure, wait_changes_page
from campaigns.sequences.views.frame import FOLDER, attempt, editor_context, may_change_it, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@require_GET
@member_page(Role.VIEWER)
def sequence(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the steps and their wordings."""
    campaign = queries.campaign_for(request.member, pk)
    desk = Desk(known_variables(campaign.workspace_id), is_frozen=not may_change_it(request, campaign))
    return sequence_page(request, campaign, desk)


@require_POST
@member_page(Role.MEMBER)
def step_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a step behind the last of a path."""
    campaign = queries.campaign_for(request.member, pk)
    words = "" if campaign.state == CampaignState.DRAFT else "Added. Who has finished the sequence does not get it."
    path = request.POST.get("path", "")
    number = int(path) if path.isascii() and path.isdigit() and len(path) < 4 else MAIN
    return attempt(request, pk, partial(services.add_step, campaign, path=number, who=request.member.user), words)


@require_POST
@member_page(Role.MEMBER)
def step_save(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a step's wait and thread."""
    step = queries.step_for(request.member, pk)
    form = step_form(step, request.POST)
    is_launched = step.campaign.state in LAUNCHED
    if is_launched and form.is_valid() and form.has_changed() and not is_sure(request):
        if saved(request, form, lambda: services.check_step(step, _joining(form), seen=form.cleaned_data["seen"])):
            return wait_changes_page(request, step, form.cleaned_data)
    elif form.is_valid() and saved(request, form, lambda: _save_step(request, step, form)):
        messages.success(request, f"Step {step_name(step.position)} saved.")
        return redirect(request.member.url("sequences:sequence", step.campaign_id))
    desk = Desk(known_variables(step.campaign.workspace_id), step_forms={pk: form})
    return sequence_page(request, step.campaign, desk, status=422)


@require_POST
@member_page(Role.MEMBER)
def step_keep(request: MemberRequest, pk: int) -> HttpResponse:
    """Set a wait of a draft while somebody chooses it; answer with the line that says so and the days of all steps."""
    step = queries.step_for(request.member, pk)
    form = step_form(step, request.POST)
    context = {"step": step, "seen": request.POST.get("seen", "")}
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return render(request, f"{FOLDER}/_wait_kept.html", {**context, "refusal": words}, status=422)
    if step.campaign.state != CampaignState.DRAFT:
        words = "The campaign is launched: save to see what changes."
        return render(request, f"{FOLDER}/_wait_kept.html", {**context, "refusal": words}, status=422)
    try:
        _save_step(request, step, form)
    except SequenceError as error:
        return render(request, f"{FOLDER}/_wait_kept.html", {**context, "refusal": str(error)}, status=422)
    now = queries.step_for(request.member, pk)
    context = {"step": now, "seen": seen_step(now), "days": days_by_step(step.campaign)}
    return render(request, f"{FOLDER}/_wait_kept.html", {**context, "is_answer": True})


@require_POST
@member_page(Role.MEMBER)
def step_place(request: MemberRequest, pk: int) -> HttpResponse:
    """Move a step one place up or down, or to the place that was asked for."""
    step = queries.step_for(request.member, pk)
    to = request.POST.get("to", "")
    if to.isdecimal() and len(to) < 4:
        return attempt(
            request, step.campaign_id, lambda: services.place_step(step, to=int(to), who=request.member.user)
        )
    by = int("down" in request.POST) - int("up" in request.POST)
    return attempt(request, step.campaign_id, lambda: services.move_step(step, by=by, who=request.member.user))


@require_POST
@member_page(Role.MEMBER)
def step_copy(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a copy behind a step."""
    step = queries.step_for(request.member, pk)
    is_draft = step.campaign.state == CampaignState.DRAFT
    words = "Copied." if is_draft else "Copied behind the last step. It is held until you give a wording a share."
    return attempt(request, step.campaign_id, partial(services.duplicate_step, step, who=request.member.user), words)


@require_POST
@member_page(Role.MEMBER)
def step_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a step of a draft; it can be brought back."""
    step = queries.step_for(request.member, pk)
    words = f"Step {step_name(step.position)} is removed. Below the steps it can be brought back."
    return attempt(request, step.campaign_id, lambda: services.take_step_out(step, by=request.member.user), words)


@require_POST
@member_page(Role.MEMBER)
def removed_back(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring back a step or a wording that was removed from a draft."""
    part = queries.removed_for(request.member, pk)

    def act() -> None:
        for words in services.bring_back(part, by=request.member.user).lost:
            messages.warning(request, words)

    return attempt(request, part.campaign_id, act, f"{part.title} is back.")


def sequence_page(request: MemberRequest, campaign: Campaign, desk: Desk, *, status: int = 200) -> HttpResponse:
    context = editor_context(
        campaign,
        paths=paths(campaign, desk),
        variables=sorted(desk.known),
        quick=[name for name in QUICK if name in desk.known],
        is_branched=queries.has_ways(campaign),
        removed=queries.removed_of(campaign),
        may_change=may_change_it(request, campaign),
    )
    return render_region(request, f"{FOLDER}/sequence.html", context, region="sequence", status=status)


def _save_step(request: MemberRequest, step: Step, form: StepForm) -> None:
    services.save_step(step, _joining(form), seen=form.cleaned_data["seen"], who=request.member.user)


def _joining(form: StepForm) -> services.Joining:
    data = form.cleaned_data
    wait = Wait(data["wait_amount"], WaitUnit(data["wait_unit"]))
    return services.Joining(wait, StepThread(data["thread"]), data["subject"])
