"""Who and what takes part in a rehearsal: read from the real tables by a transaction that may write nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from sending.pacing.scenario import Scenario
from sending.planner.models import Enrollment
from sending.planner.scenes import scene_of, sharers
from sending.planner.states import EnrollmentState
from sending.rehearsal.errors import NotPossible

# The people of one campaign that take part; those who were there first come first, in life as well.
MOST_PEOPLE = 50_000


@dataclass(frozen=True, slots=True)
class Cast:
    """The campaign, those that share its mailboxes, and everybody in them."""

    campaign_id: int
    workspace_id: int
    begins_at: datetime
    state: CampaignState
    campaign_ids: tuple[int, ...]
    mailbox_ids: tuple[int, ...]
    audience: tuple[int, ...]  # contacts whom a launch would enroll; of a draft only
    contact_ids: tuple[int, ...]
    enrollment_ids: tuple[int, ...]
    left_out: int  # people of the audience beyond MOST_PEOPLE
    scenario: Scenario  # what a forecast starts from at the same instant


def cast_of(campaign_id: int, *, begins_at: datetime) -> Cast:
    """Read who takes part. Raises NotPossible.

    Runs behind the curtain: in this transaction the real tables can be seen, and PostgreSQL refuses to change them.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = public")
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",), "the curtain is open"
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is None or campaign.state == CampaignState.ARCHIVED:
            raise NotPossible("The campaign is gone, or kept as it was.")
        return _read(campaign, begins_at)


def _read(campaign: Campaign, begins_at: datetime) -> Cast:
    campaigns, mailboxes = sharers(campaign)
    waiting = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]
    enrolled = Enrollment.objects.filter(campaign__in=campaigns, state__in=waiting).order_by("pk")
    people = list(enrolled.values_list("pk", "contact_id"))
    audience: list[int] = []
    if campaign.state == CampaignState.DRAFT:
        audience = list(audience_contacts(campaign).order_by("pk").values_list("pk", flat=True))
    taken = audience[:MOST_PEOPLE]
    return Cast(
        campaign_id=campaign.pk,
        workspace_id=campaign.workspace_id,
        begins_at=begins_at,
        state=CampaignState(campaign.state),
        campaign_ids=tuple(sorted(campaigns)),
        mailbox_ids=tuple(sorted(mailboxes)),
        audience=tuple(taken),
        contact_ids=tuple(sorted({*taken, *(contact for _, contact in people)})),
        enrollment_ids=tuple(pk for pk, _ in people),
        left_out=len(audience) - len(taken),
        scenario=scene_of(campaign, now=begins_at).scenario,
    )
