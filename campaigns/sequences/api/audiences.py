"""Whom a campaign writes to, over HTTP: by the services of its page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Schema
from pydantic import Field, StrictBool

from campaigns.contacts.queries import list_names_of, segments_of
from campaigns.sequences import queries
from campaigns.sequences.api.files import READ, WRITE, router
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import leave_out_roles, let_grow, set_audience
from outreach.accounts.access import Member
from outreach.kit.stale import fingerprint
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.errors import invalid
from outreach.rest.problems import Refused
from outreach.rest.values import ID, Wanted, examples
from outreach.rest.versions import IfMatch, mark, seen

_Ids = Annotated[list[ID], Field(max_length=500)]
_GROWS = "Whoever comes onto the lists or into the segments after the launch is enrolled, too."
_ROLES = "Addresses of offices such as info@ are left out."


class AudienceIn(Wanted):
    """All of an audience."""

    model_config = examples(lists=[7], segments=[], grows=False, skips_roles=True)
    lists: _Ids = Field(description="Ids of lists. Of a launched campaign they stay: its people are enrolled.")
    segments: _Ids = Field(default_factory=list, description="Ids of segments, as lists.")
    grows: StrictBool = Field(False, description=_GROWS)
    skips_roles: StrictBool = Field(True, description=_ROLES)


class NamedOut(Schema):
    """A list or a segment."""

    id: int
    name: str


class AudienceOut(Schema):
    """Whom a campaign writes to."""

    lists: list[NamedOut]
    segments: list[NamedOut]
    grows: bool = Field(description=_GROWS)
    skips_roles: bool = Field(description=_ROLES)
    people: int = Field(description="Different contacts on the lists and in the segments, as they are now.")


@router.get(
    "/campaigns/{int:campaign_id}/audience", response=AudienceOut, summary="See whom it writes to", **reads(READ)
)
def audience(request: ApiRequest, response: HttpResponse, campaign_id: ID) -> Any:
    """Return lists, segments, and who is in them, with an `ETag`."""
    campaign = queries.campaign_for(request.member, campaign_id)
    mark(response, _version(campaign))
    return _shown(request.member, campaign)


@router.put(
    "/campaigns/{int:campaign_id}/audience", response=AudienceOut, summary="Set whom it writes to", **writes(WRITE)
)
def audience_change(
    request: ApiRequest, response: HttpResponse, campaign_id: ID, wanted: AudienceIn, if_match: IfMatch = ""
) -> Any:
    """Write to exactly these lists and segments. 409 where others are named than a launched campaign has."""
    campaign = queries.campaign_for(request.member, campaign_id)
    who = request.member.user
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        seen(if_match, _version(current))
        lists = _known("lists", wanted.lists, list_names_of(request.member))
        segments = _known("segments", wanted.segments, segments_of(request.member))
        if (lists, segments) != (queries.audience_of(current), queries.audience_segments_of(current)):
            set_audience(current, sorted(lists), sorted(segments))
        if wanted.grows != current.grows:
            let_grow(current, grows=wanted.grows, who=who)
        if wanted.skips_roles != current.skips_roles:
            leave_out_roles(current, skips=wanted.skips_roles, who=who)
    campaign.refresh_from_db()
    mark(response, _version(campaign))
    return _shown(request.member, campaign)


def _version(campaign: Campaign) -> str:
    chosen = sorted(queries.audience_of(campaign)), sorted(queries.audience_segments_of(campaign))
    return fingerprint(*chosen, campaign.grows, campaign.skips_roles)


def _known(field: str, ids: Collection[int], rows: QuerySet[Any]) -> frozenset[int]:
    """Return the ids. Raises Refused for one that the workspace does not have."""
    found = set(rows.filter(pk__in=ids).values_list("pk", flat=True))
    for number, pk in enumerate(ids):
        if pk not in found:
            raise Refused(invalid(f"{field}.{number}", f"The workspace has none with the id {pk}."))
    return frozenset(ids)


def _shown(member: Member, campaign: Campaign) -> AudienceOut:
    lists = list_names_of(member).filter(pk__in=queries.audience_of(campaign))
    segments = segments_of(member).filter(pk__in=queries.audience_segments_of(campaign))
    return AudienceOut(
        lists=[NamedOut(id=row.pk, name=row.name) for row in lists],
        segments=[NamedOut(id=row.pk, name=row.name) for row in segments],
        grows=campaign.grows,
        skips_roles=campaign.skips_roles,
        people=audience_contacts(campaign).count(),
    )
