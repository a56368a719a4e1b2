"""HTTP of a campaign's tracking."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from campaigns.sequences import services
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CLOSED
from campaigns.sequences.views.frame import editor_context, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.links.hosts.bases import base_of
from sending.planner.lawful.traced import reach_of
from sending.tracking.forms import TrackingForm


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.MEMBER)
def choices(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose what of the campaign's messages is followed; shows whom the law lets it follow."""
    campaign = campaign_for(request.member, pk)
    may_change = request.member.may(Role.MEMBER) and campaign.state not in CLOSED
    data = request.POST if request.method == "POST" else None
    form = TrackingForm(data, initial=asdict(services.tracking_of(campaign)), is_frozen=not may_change)
    if form.is_valid():
        wanted = form.wanted()
        if saved(request, form, lambda: services.choose_tracking(campaign, wanted, who=request.member.user)):
            messages.success(request, "Saved. It holds for the messages that are made from now on.")
            return redirect(request.member.url("tracking:choices", pk))
    context = editor_context(
        campaign, form=form, may_change=may_change, base=base_of(campaign.workspace_id), reach=reach_of(campaign)
    )
    status = 422 if form.is_bound else 200
    return render_region(request, "sending/tracking/choices.html", context, region="tracking", status=status)
