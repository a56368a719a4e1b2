"""Which mailboxes carry a campaign, over HTTP: by the service of its page."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field

from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.errors import invalid
from outreach.rest.problems import Refused
from outreach.rest.values import ID, NO_NUL, Wanted, examples
from outreach.rest.versions import IfMatch, mark, seen
from sending.mailboxes.models import Mailbox
from sending.pacing.rotation import MOST_WEIGHT, Rotation
from sending.planner.api.reading import READ, router
from sending.planner.models import CampaignMailbox
from sending.planner.queries import rotation_of
from sending.planner.services.senders import seen_senders, set_senders
from sending.planner.tagging import tags_of, tags_there

WRITE = Scope.CAMPAIGNS_WRITE
_Tag = Annotated[str, Field(min_length=1, max_length=NAME_LIMIT, pattern=NO_NUL)]
_ROTATION = "How new contacts come to them: `even`, `weighted` (by their weights) or `provider` (each at its own)."


class SenderIn(Wanted):
    """A mailbox that is to carry the campaign."""

    id: ID
    weight: int | None = Field(
        None,
        ge=1,
        le=MOST_WEIGHT,
        description="Its share where weights decide; left out, it stays, 1 at first.",
    )


class SendersIn(Wanted):
    """All senders of a campaign."""

    model_config = examples(mailboxes=[{"id": 3, "weight": 2}], tags=["outreach"], rotation="even")
    mailboxes: list[SenderIn] = Field(max_length=1000)
    tags: list[_Tag] = Field(
        default_factory=list, max_length=100, description="Whichever mailboxes have one of these carry it, too."
    )
    rotation: Rotation | None = Field(None, description=f"{_ROTATION} Left out, it stays.")


class SenderOut(Schema):
    """A mailbox that carries the campaign."""

    id: int
    address: str
    state: str = Field(description="As of the mailbox: only an `active` one writes.")
    weight: int
    by_tag: bool = Field(description="It carries it as long as it has one of the tags.")


class SendersOut(Schema):
    """Who carries a campaign."""

    mailboxes: list[SenderOut]
    tags: list[str]
    rotation: Rotation = Field(description=_ROTATION)


@router.get("/campaigns/{int:campaign_id}/senders", response=SendersOut, summary="See its senders", **reads(READ))
def senders(request: ApiRequest, response: HttpResponse, campaign_id: ID) -> Any:
    """Return the mailboxes that carry it, by themselves or by a tag, and how contacts come to them, with an `ETag`."""
    return _shown(campaign_for(request.member, campaign_id), response)


@router.put("/campaigns/{int:campaign_id}/senders", response=SendersOut, summary="Set its senders", **writes(WRITE))
def senders_change(
    request: ApiRequest, response: HttpResponse, campaign_id: ID, wanted: SendersIn, if_match: IfMatch = ""
) -> Any:
    """Let exactly these carry it; whoever was written to keeps the mailbox. 409 for a campaign that has ended."""
    campaign = campaign_for(request.member, campaign_id)
    version = seen(if_match, seen_senders(campaign))
    _check(request.member, campaign, wanted)
    set_senders(
        request.member,
        campaign,
        [one.id for one in wanted.mailboxes],
        rotation=wanted.rotation,
        weights={one.id: one.weight for one in wanted.mailboxes if one.weight is not None},
        tags=wanted.tags,
        seen=version,
    )
    return _shown(campaign, response)


def _check(member: Member, campaign: Campaign, wanted: SendersIn) -> None:
    ids = [one.id for one in wanted.mailboxes]
    known = set(Mailbox.objects.filter(workspace=member.workspace, pk__in=ids).values_list("pk", flat=True))
    for number, pk in enumerate(ids):
        if pk not in known:
            raise Refused(invalid(f"mailboxes.{number}.id", f"The workspace has no mailbox with the id {pk}."))
    there = {*tags_there(member), *tags_of(campaign)}
    for number, tag in enumerate(wanted.tags):
        if tag not in there:
            raise Refused(invalid(f"tags.{number}", "No mailbox of the workspace has this tag."))


def _shown(campaign: Campaign, response: HttpResponse) -> SendersOut:
    mark(response, seen_senders(campaign))
    rows = CampaignMailbox.objects.filter(campaign=campaign).select_related("mailbox").order_by("mailbox__address")
    return SendersOut(
        mailboxes=[
            SenderOut(
                id=row.mailbox_id,
                address=row.mailbox.address,
                state=row.mailbox.state,
                weight=row.weight,
                by_tag=row.by_tag,
            )
            for row in rows
        ],
        tags=list(tags_of(campaign)),
        rotation=rotation_of(campaign),
    )
