"""HTTP of a list's health: on the page of the list, and in the review before a launch."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.contacts.queries import list_for, list_names_of
from campaigns.sequences.queries import audience_of, campaign_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.planner.audience.health import audience_health, health_of

_FOLDER = "sending/planner"


@require_GET
@member_page(Role.VIEWER)
def list_health(request: MemberRequest, list_id: int) -> HttpResponse:
    """Show what the addresses of a list are, and how many of them are likely to bounce."""
    row = list_for(request.member, list_id)
    context = {
        "health": health_of(row.workspace_id, [row.pk]),
        "list": row,
        "lists": [row],
        "may_check": _may_check(request),
    }
    return render_region(request, f"{_FOLDER}/list_health.html", context, region="health")


@require_GET
@member_page(Role.VIEWER)
def campaign_health(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the same of everybody whom a campaign would write to."""
    campaign = campaign_for(request.member, pk)
    lists = list(list_names_of(request.member).filter(pk__in=audience_of(campaign)))
    health = audience_health(campaign)
    context = editor_context(campaign, health=health, lists=lists, may_check=_may_check(request))
    return render_region(request, f"{_FOLDER}/campaign_health.html", context, region="health")


def _may_check(request: MemberRequest) -> bool:
    """Say whether the person may have addresses checked; those of a sandbox are in no DNS."""
    return request.member.may(Role.MEMBER) and request.member.workspace.time_scale == 1
