"""HTTP of the paths of a campaign: their picture with how many people are where."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.sequences import services
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from campaigns.sequences.queries import branches_by_step, campaign_for, path_for, paths_of
from campaigns.sequences.seen import seen_branches
from campaigns.sequences.views.frame import attempt, editor_context, may_change_it, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.planner.paths.broken import broken_branches
from sending.planner.paths.forms import PathForm
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
        if form.is_valid() and saved(request, form, lambda: _add(request, campaign, form)):
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
    act = partial(services.rename_path, path, words, who=request.member.user)
    return attempt(request, path.campaign_id, act, "Renamed.", to=_PAGE)


@require_POST
@member_page(Role.MEMBER)
def path_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a path of a draft; it can be brought back."""
    path = path_for(request.member, pk)
    act = partial(services.take_path_out, path, by=request.member.user)
    words = f"{path.name} is removed. Below the steps of the sequence it can be brought back."
    return attempt(request, path.campaign_id, act, words, to=_PAGE)


def _add(request: MemberRequest, campaign: Campaign, form: PathForm) -> None:
    services.add_path(campaign, form.cleaned_data["name"], who=request.member.user)


def _page(request: MemberRequest, campaign: Campaign, *, path_form: PathForm | None = None) -> HttpResponse:
    known = paths_of(campaign)
    plan = plans([campaign.pk])[campaign.pk]
    lanes = lanes_of(plan)
    context = editor_context(
        campaign,
        broken=broken_branches(plan),
        lanes=lanes,
        picture=picture_of(lanes),
        path_form=path_form or PathForm(),
        seen={step: seen_branches(rows) for step, rows in branches_by_step(campaign).items()},
        path_ids={one.number: one.pk for one in known},
        may_change=may_change_it(request, campaign),
    )
    is_refused = path_form is not None and path_form.is_bound
    return render_region(request, f"{_FOLDER}/paths.html", context, region="paths", status=422 if is_refused else 200)
