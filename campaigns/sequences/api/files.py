"""A campaign as a file, over HTTP."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema, Status
from pydantic import Field

from campaigns.sequences import queries
from campaigns.sequences.portable.exporting import file_of
from campaigns.sequences.portable.importing import import_file
from campaigns.sequences.portable.shape import CampaignFile
from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID

router = Router(tags=["campaigns"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE


class DraftOut(Schema):
    """The draft that a file has become."""

    id: int
    name: str
    notes: list[str] = Field(description="What a person should look at before a launch.")


@router.get(
    "/campaigns/{int:campaign_id}/file", response=CampaignFile, summary="Get a campaign as a file", **reads(READ)
)
def campaign_as_file(request: ApiRequest, campaign_id: ID) -> Any:
    """Return all that was written and planned: steps, wordings, branches, schedule. No people, no mailboxes."""
    return file_of(queries.campaign_for(request.member, campaign_id))


@router.post("/campaigns/file", response={201: DraftOut}, summary="Make a draft of a file", **writes(WRITE))
def campaign_from_file(request: ApiRequest, wanted: CampaignFile) -> Any:
    """Make a draft, without audience and senders; nothing is sent before somebody launches it."""
    made = import_file(request.member, wanted)
    return Status(201, DraftOut(id=made.campaign.pk, name=made.campaign.name, notes=list(made.notes)))
