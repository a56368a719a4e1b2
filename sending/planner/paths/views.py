"""HTTP of the paths of a campaign: their picture with how many people are where, and the branches between them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.sequences import services
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.queries import branch_for, campaign_for, path_for, paths_of, step_for, steps_of
from campaigns.sequences.views.frame import attempt, editor_context, may_change_it, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.planner.paths.forms import BranchForm, PathForm
from sending.planner.paths.pathways import lanes_of
from sending.planner.paths.picture import picture_of

_FOLDER = "sending/planner"
_PAGE = "planner:paths"


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def paths(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the paths, or add one."""
    campaign = campaign_for(request.member, pk)
    form = PathForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        request.member.require(Role.MEMBER)
        if form.is_valid() and saved(request, form, lambda: services.add_path(campaign, form.cleaned_data["name"])):
            messages.success(request, "Added, with an empty message. Nobody comes there before a branch leads to it.")
            return redirect(request.member.url(_PAGE, pk))
    return _page(request, campaign, path_form=form)


@require_POST
@member_page(Role.MEMBER)
def path_name(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a path another name."""
    path = path_for(request.member, pk)
    form = PathForm(request.POST)
    words = form.cleaned_data["name"] if form.is_valid() else ""
    return attempt(request, path.campaign_id, lambda: services.rename_path(path, words), "Renamed.", to=_PAGE)


@require_POST
@member_page(Role.MEMBER)
def path_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a path of a draft."""
    path = path_for(request.member, pk)
    return attempt(request, path.campaign_id, lambda: services.remove_path(path), f"{path.name} is removed.", to=_PAGE)


@require_POST
@member_page(Role.MEMBER)
def branch_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Set up a branch behind a step."""
    step = step_for(request.member, pk)
    form = _branch_form(step, request)
    if form.is_valid() and saved(request, form, lambda: services.add_branch(step, form.fork())):
        messages.success(request, "The branch is set up.")
        return redirect(request.member.url(_PAGE, step.campaign_id))
    return _page(request, step.campaign, branch_forms={step.pk: form})


@require_POST
@member_page(Role.MEMBER)
def branch_place(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a branch be asked earlier or later."""
    branch = branch_for(request.member, pk)
    by = int("down" in request.POST) - int("up" in request.POST)
    return attempt(request, branch.step.campaign_id, lambda: services.move_branch(branch, by=by), to=_PAGE)


@require_POST
@member_page(Role.MEMBER)
def branch_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a branch."""
    branch = branch_for(request.member, pk)
    words = "Removed. Whoever has taken it stays where they are."
    return attempt(request, branch.step.campaign_id, lambda: services.remove_branch(branch), words, to=_PAGE)


def _page(
    request: MemberRequest,
    campaign: Campaign,
    *,
    path_form: PathForm | None = None,
    branch_forms: dict[int, BranchForm] | None = None,
) -> HttpResponse:
    known = paths_of(campaign)
    refused = branch_forms or {}
    forms = {
        step.pk: refused.get(step.pk)
        or BranchForm(position=step.position, paths=known, auto_id=f"branch{step.pk}_%s", use_required_attribute=False)
        for step in steps_of(campaign)
    }
    lanes = lanes_of(plans([campaign.pk])[campaign.pk])
    context = editor_context(
        campaign,
        lanes=lanes,
        picture=picture_of(lanes),
        path_form=path_form or PathForm(),
        branch_forms=forms,
        path_ids={one.number: one.pk for one in known},
        may_change=may_change_it(request, campaign),
    )
    is_refused = bool(refused) or (path_form is not None and path_form.is_bound)
    return render_region(request, f"{_FOLDER}/paths.html", context, region="paths", status=422 if is_refused else 200)


def _branch_form(step: Step, request: MemberRequest) -> BranchForm:
    return BranchForm(
        request.POST, position=step.position, paths=paths_of(step.campaign), auto_id=f"branch{step.pk}_%s"
    )
