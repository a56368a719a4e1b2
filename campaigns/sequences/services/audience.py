"""Whom a campaign writes to."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from campaigns.contacts.models import ContactList, Segment
from campaigns.sequences import queries
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import AudienceList, AudienceSegment, Campaign
from campaigns.sequences.seen import seen_audience, seen_switch
from campaigns.sequences.services.holding import locked, refuse_overtaken
from campaigns.sequences.states import CampaignState
from campaigns.sequences.telling import Edit, EditKind, tell
from outreach.accounts.models import User


def set_audience(
    campaign: Campaign, list_ids: Sequence[int], segment_ids: Sequence[int] = (), *, seen: str | None = None
) -> None:
    """Write to exactly these lists and segments of the workspace; those of other workspaces are ignored.

    Raises IllegalMove once the campaign was launched, since its people were enrolled then; Overtaken.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        if current.state != CampaignState.DRAFT:
            raise IllegalMove(
                "The people of a launched campaign are enrolled: its lists and segments stay as they are."
            )
        before = seen_audience(queries.audience_of(current), queries.audience_segments_of(current))
        refuse_overtaken(seen, before, "this audience")
        lists = ContactList.objects.filter(workspace=campaign.workspace_id, pk__in=list_ids).order_by("pk")
        segments = Segment.objects.filter(workspace=campaign.workspace_id, pk__in=segment_ids).order_by("pk")
        AudienceList.objects.filter(campaign=campaign).delete()
        AudienceSegment.objects.filter(campaign=campaign).delete()
        AudienceList.objects.bulk_create([AudienceList(campaign=campaign, contact_list=one) for one in lists])
        AudienceSegment.objects.bulk_create([AudienceSegment(campaign=campaign, segment=one) for one in segments])


def let_grow(campaign: Campaign, *, grows: bool, seen: str | None = None, who: User | None = None) -> None:
    """Enroll whoever comes into the audience after the launch, too, or nobody more; from the next look on.

    Raises Overtaken.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        refuse_overtaken(seen, seen_switch(is_on=current.grows), "who comes later")
        Campaign.objects.filter(pk=campaign.pk).update(grows=grows)
        _tell(current, who, _GROWTH[current.grows], _GROWTH[grows])


def leave_out_roles(campaign: Campaign, *, skips: bool, seen: str | None = None, who: User | None = None) -> None:
    """Leave out the addresses of offices, or write to them, too; from the next claim on, for whoever still waits.

    Raises Overtaken.
    """
    with transaction.atomic():
        current = locked(campaign.pk)
        refuse_overtaken(seen, seen_switch(is_on=current.skips_roles), "who is left out")
        Campaign.objects.filter(pk=campaign.pk).update(skips_roles=skips)
        _tell(current, who, _ROLES[current.skips_roles], _ROLES[skips])


_GROWTH = {True: "whoever comes later is enrolled", False: "nobody who comes later is enrolled"}
_ROLES = {True: "role addresses are left out", False: "role addresses are written to"}


def _tell(campaign: Campaign, who: User | None, before: str, after: str) -> None:
    if campaign.state != CampaignState.DRAFT and before != after:
        tell(Edit(campaign, EditKind.AUDIENCE_CHANGED, "Audience", who, before, after))
