"""Whom a campaign writes to."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from campaigns.contacts.models import ContactList, Segment
from campaigns.sequences import queries
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import AudienceList, AudienceSegment, Campaign
from campaigns.sequences.seen import seen_audience
from campaigns.sequences.services.holding import locked, refuse_overtaken
from campaigns.sequences.states import CampaignState


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


def let_grow(campaign: Campaign, *, grows: bool) -> None:
    """Enroll whoever comes into the audience after the launch, too, or nobody more; from the next look on."""
    with transaction.atomic():
        locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(grows=grows)


def leave_out_roles(campaign: Campaign, *, skips: bool) -> None:
    """Leave out the addresses of offices, or write to them, too; from the next claim on, for whoever still waits."""
    with transaction.atomic():
        locked(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(skips_roles=skips)
