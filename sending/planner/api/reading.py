"""Campaigns as they stand, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ninja import Router

from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads
from outreach.rest.values import ID, Cursor, Limit, Page
from sending.planner.api.shapes import CampaignOut
from sending.planner.forecast.outlooks import outlooks_of
from sending.planner.queries import standing_of

router = Router(tags=["campaigns"])
READ = Scope.CAMPAIGNS_READ


@router.get("/campaigns", response=Page[CampaignOut], summary="List campaigns", **reads(READ))
def campaigns(request: ApiRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the campaigns, the newest first."""
    rows = Campaign.objects.filter(workspace=request.member.workspace)
    page = sliced(rows, by="id", size=limit, cursor=cursor)
    return Page[CampaignOut](results=shown(page.rows), next=page.next)


@router.get("/campaigns/{int:campaign_id}", response=CampaignOut, summary="Get a campaign", **reads(READ))
def campaign(request: ApiRequest, campaign_id: ID) -> Any:
    """Return a campaign with where its people stand, and when it is done."""
    return shown([campaign_for(request.member, campaign_id)])[0]


def shown(rows: Sequence[Campaign]) -> list[CampaignOut]:
    """Return campaigns as they are told, in two more queries however many they are."""
    ids = [row.pk for row in rows]
    standings, outlooks = standing_of(ids), outlooks_of(ids)
    return [CampaignOut.of(row, standings.get(row.pk), outlooks.get(row.pk)) for row in rows]
