"""HTTP of the guard of missing values: who lacks what, and a fallback by one click."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.sequences.errors import SequenceError
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.services import give_fallback
from campaigns.sequences.states import CampaignState
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.words import plural
from sending.planner.gaps import MOST_LOOKED, guard_of
from sending.planner.review.values import values_gate

_LONGEST_ID = 18  # digits


@require_GET
@member_page(Role.VIEWER)
def gaps(request: MemberRequest, pk: int) -> HttpResponse:
    """Show which contacts would be held for want of which value, by variable and one by one."""
    campaign = campaign_for(request.member, pk)
    name = request.GET.get("name", "").replace("\0", "")
    since = _id_in(request, "since")
    after = max(since, _id_in(request, "after"))
    context = editor_context(
        campaign,
        guard=guard_of(campaign, name=name, after=after, since=since),
        known=known_variables(campaign.workspace_id),
        name=name,
        after=after,
        since=since,
        most=MOST_LOOKED,
        may_change=request.member.may(Role.MEMBER) and campaign.state != CampaignState.ARCHIVED,
    )
    return render_region(request, "sending/planner/gaps.html", context, region="gaps")


def _id_in(request: MemberRequest, name: str) -> int:
    told = request.GET.get(name, "")
    return int(told) if told.isdecimal() and told.isascii() and len(told) <= _LONGEST_ID else 0


@require_GET
@member_page(Role.VIEWER)
def gaps_gate(request: MemberRequest, pk: int) -> HttpResponse:
    """Show among the gates of the review whether everybody has what the wordings use."""
    campaign = campaign_for(request.member, pk)
    context = editor_context(campaign, gate=values_gate(guard_of(campaign)))
    return render_region(request, "sending/planner/gaps_gate.html", context, region="gate")


@require_POST
@member_page(Role.MEMBER)
def fallback(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a fallback behind each use of a variable, in every wording of the campaign."""
    campaign = campaign_for(request.member, pk)
    name, words = request.POST.get("variable", ""), request.POST.get("words", "")
    if name not in known_variables(campaign.workspace_id):
        messages.error(request, "There is no such variable any more.")
        return redirect(request.member.url("planner:gaps", pk))
    try:
        changed = give_fallback(campaign, name, words, by=request.member.user)
    except SequenceError as error:
        messages.error(request, str(error))
    else:
        if changed:
            messages.success(
                request, f"“{words.strip()}” stands in for {name} in {plural(changed, 'wording,wordings')}."
            )
        else:
            messages.error(request, f"Nothing was changed: {name} is compared with a number, so write a number.")
    return redirect(request.member.url("planner:gaps", pk))
