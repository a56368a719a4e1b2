"""HTTP of what a change of a campaign's state has done since."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import campaign_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.reports.effects import effect_of

_FOLDER = "sending/reports"


@require_GET
@member_page(Role.VIEWER)
def effect(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what has left since the launch, the pause or the stop, what is under way, and who still waits."""
    campaign = campaign_for(request.member, pk)
    context = editor_context(campaign, effect=effect_of(campaign))
    return render_region(request, f"{_FOLDER}/effect.html", context, region="effect")
