"""Pages of a campaign as a whole: new, its name."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from campaigns.sequences import queries, services
from campaigns.sequences.forms import CampaignForm
from campaigns.sequences.views.frame import FOLDER, attempt, editor_context, sent, status_of
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def campaign_create(request: MemberRequest) -> HttpResponse:
    """Name a new campaign."""
    form = CampaignForm(sent(request))
    if form.is_valid():
        campaign = services.create_campaign(request.member, form.cleaned_data["name"])
        return redirect(request.member.url("sequences:sequence", campaign.pk))
    return render_region(request, f"{FOLDER}/create.html", {"form": form}, region="create", status=status_of(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def campaign_rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a campaign another name."""
    campaign = queries.campaign_for(request.member, pk)
    form = CampaignForm(sent(request), initial={"name": campaign.name})
    if form.is_valid():
        return attempt(request, pk, lambda: services.rename(campaign, form.cleaned_data["name"]), "Renamed.")
    context = editor_context(campaign, form=form)
    return render_region(request, f"{FOLDER}/rename.html", context, region="rename", status=status_of(form))
