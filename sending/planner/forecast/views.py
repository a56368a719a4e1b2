"""HTTP of the forecast of a campaign."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.plans import plans
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CampaignState
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.guard.queries import why_nothing_leaves
from sending.planner.forecast.columns import chart_of
from sending.planner.forecast.foresight import foresee
from sending.planner.forecast.outlooks import keep
from sending.planner.forecast.upcoming import upcoming
from sending.planner.forecast.whatif import WhatIfForm
from sending.planner.queries import senders_of_campaign, weekdays_of
from sending.planner.review.outlook import forecast_gate

_FOLDER = "sending/planner"


@require_GET
@member_page(Role.VIEWER)
def forecast(request: MemberRequest, pk: int) -> HttpResponse:
    """Show when the campaign's messages go out and when it is done, also with a change."""
    campaign = campaign_for(request.member, pk)
    weekdays = weekdays_of(campaign)
    form = WhatIfForm(
        request.GET if "daily" in request.GET else None,
        mailboxes=list(senders_of_campaign(campaign).values()),
        initial={"days": sorted(weekdays)},
    )
    is_asked = form.is_valid()
    change = form.change(weekdays) if is_asked else None
    stop_share = form.stop_share() if is_asked else None
    foreseen = foresee(campaign, change=change, stop_share=stop_share)
    if stop_share is None and campaign.state == CampaignState.RUNNING:
        keep(campaign.pk, foreseen.forecast, foreseen.at)  # the list of campaigns tells it from now on
    shown = foreseen.changed or foreseen.forecast
    context = editor_context(
        campaign,
        form=form,
        foreseen=foreseen,
        shown=shown,
        home=ZoneInfo(campaign.workspace.time_zone),
        is_changed=foreseen.changed is not None,
        chart=chart_of(shown, foreseen.mailboxes, campaign.pk),
        standstill=why_nothing_leaves(),
        has_branches=any(step.ways or step.answers for step in plans([pk])[pk].steps),
    )
    status = 422 if form.is_bound and not is_asked else 200
    return render_region(request, f"{_FOLDER}/forecast.html", context, region="forecast", status=status)


@require_GET
@member_page(Role.VIEWER)
def forecast_summary(request: MemberRequest, pk: int) -> HttpResponse:
    """Say when the campaign is done, how many messages a day it sends and what binds it: a gate of its launch."""
    campaign = campaign_for(request.member, pk)
    foreseen = foresee(campaign)
    home = ZoneInfo(campaign.workspace.time_zone)
    context = editor_context(campaign, gate=forecast_gate(foreseen.forecast, foreseen.stuck, home))
    return render_region(request, f"{_FOLDER}/forecast_summary.html", context, region="summary")


@require_GET
@member_page(Role.VIEWER)
def next_sends(request: MemberRequest, pk: int) -> HttpResponse:
    """Show who is written to next, on the clocks of the recipient and of the workspace."""
    campaign = campaign_for(request.member, pk)
    context = editor_context(campaign, coming=upcoming(campaign), home=ZoneInfo(campaign.workspace.time_zone))
    return render_region(request, f"{_FOLDER}/next_sends.html", context, region="sends")
