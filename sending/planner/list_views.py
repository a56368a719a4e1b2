"""HTTP of the list of campaigns."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import listed
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.planner import queries
from sending.planner.forecast.outlooks import outlooks_of
from sending.planner.progress.guards import campaign_alarms


@require_GET
@member_page(Role.VIEWER)
def campaign_list(request: MemberRequest) -> HttpResponse:
    """List the campaigns with where their people stand, a page at a time; of the running ones when they are done, too.

    What stands against them is shown beside. Nothing is reckoned here: what forecasts have said last was kept.
    """
    shows_archived = request.GET.get("archived") == "yes"
    q = request.GET.get("q", "").replace("\0", "").strip()[:100]
    page = paged(request, listed(request.member, archived=shows_archived, search=q), by="id")
    ids = [campaign.pk for campaign in page.rows]
    standings, alarms, outlooks = queries.standing_of(ids), campaign_alarms(ids), outlooks_of(ids)
    context = {
        "page": page,
        "rows": [
            (campaign, standings.get(campaign.pk), alarms.get(campaign.pk, ()), outlooks.get(campaign.pk))
            for campaign in page.rows
        ],
        "home": ZoneInfo(request.member.workspace.time_zone),
        "q": q,
        "shows_archived": shows_archived,
        "others": listed(request.member, archived=not shows_archived).count(),
    }
    return render_region(request, "sending/planner/list.html", context)
