"""Pages of whom a campaign writes to."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.contacts.queries import lists_of, segments_of
from campaigns.sequences import queries, services
from campaigns.sequences.forms import AudienceForm
from campaigns.sequences.models import Campaign
from campaigns.sequences.seen import seen_audience, seen_switch
from campaigns.sequences.states import CampaignState
from campaigns.sequences.views.frame import FOLDER, attempt, editor_context, may_change_it, saved, sent, status_of
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def audience(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the lists and segments whose contacts are written to."""
    campaign = queries.campaign_for(request.member, pk)
    lists, segments = list(lists_of(request.member)), list(segments_of(request.member))
    chosen, inside = queries.audience_of(campaign), queries.audience_segments_of(campaign)
    may_change = may_change_it(request, campaign) and campaign.state == CampaignState.DRAFT
    initial = {"lists": sorted(chosen), "segments": sorted(inside), "seen": seen_audience(chosen, inside)}
    ids = {"list_ids": [one.pk for one in lists], "segment_ids": [one.pk for one in segments]}
    form = AudienceForm(sent(request), initial=initial, is_frozen=not may_change, **ids)
    if form.is_valid() and saved(request, form, lambda: _save_audience(campaign, form)):
        messages.success(request, "Audience saved.")
        return redirect(request.member.url("sequences:audience", pk))
    context = editor_context(
        campaign,
        form=form,
        rows=[(one, str(one.pk) in form.chosen()) for one in lists],
        segments=[(one, str(one.pk) in form.chosen("segments")) for one in segments],
        may_change=may_change,
        seen_growth=seen_switch(is_on=campaign.grows),
        seen_roles=seen_switch(is_on=campaign.skips_roles),
        may_change_roles=may_change_it(request, campaign),
    )
    return render_region(request, f"{FOLDER}/audience.html", context, region="audience", status=status_of(form))


@require_POST
@member_page(Role.MEMBER)
def growth(request: MemberRequest, pk: int) -> HttpResponse:
    """Enroll whoever comes into the audience later, or not."""
    campaign = queries.campaign_for(request.member, pk)
    seen, who = request.POST.get("seen"), request.member.user
    act = partial(services.let_grow, campaign, grows=request.POST.get("grows") == "on", seen=seen, who=who)
    return attempt(request, pk, act, "Saved.", to="sequences:audience")


@require_POST
@member_page(Role.MEMBER)
def roles(request: MemberRequest, pk: int) -> HttpResponse:
    """Leave out the addresses of offices, or write to them, too."""
    campaign = queries.campaign_for(request.member, pk)
    seen, who = request.POST.get("seen"), request.member.user
    act = partial(services.leave_out_roles, campaign, skips=request.POST.get("skips_roles") == "on", seen=seen, who=who)
    words = "Saved. Whoever was left out already stays out."
    return attempt(request, pk, act, words, to="sequences:audience")


def _save_audience(campaign: Campaign, form: AudienceForm) -> None:
    data = form.cleaned_data
    services.set_audience(campaign, data["lists"], data["segments"], seen=data["seen"])
