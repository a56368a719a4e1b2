"""Who is in a running campaign: what the room of contacts shows before an import (outreach/slots.py)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count

from campaigns.contacts.core.difference import InCampaign
from campaigns.sequences.states import CampaignState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState


def running_among(workspace_id: int, contact_ids: Sequence[int]) -> tuple[int, Sequence[InCampaign]]:
    """Return how many of these contacts something may still be sent to, and how many by each running campaign."""
    running = Enrollment.objects.filter(
        contact__in=contact_ids,
        workspace=workspace_id,
        campaign__state=CampaignState.RUNNING,
        state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING],
    )
    by_campaign = running.order_by("campaign__name", "campaign").values_list("campaign", "campaign__name")
    found = [InCampaign(pk, name, people) for pk, name, people in by_campaign.annotate(people=Count("pk"))]
    people = running.aggregate(people=Count("contact", distinct=True))["people"] if len(found) > 1 else None
    return sum(one.people for one in found) if people is None else people, found
