"""Who and what takes part in a rehearsal: read from the real tables by a transaction that may write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CLOSED, CampaignState
from sending.pacing.scenario import Scenario
from sending.planner.forecast.scenes import scene_of, sharers
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.rehearsal.errors import Forbidden, NotPossible

# Of all campaigns together, the played one first; of each, those who were there first, in life as well.
MOST_PEOPLE = 50_000
_WAITING = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]


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
    left_out: int  # people of the campaign beyond MOST_PEOPLE
    left_out_beside: Mapping[int, int]  # and, by campaign, of those that share its mailboxes
    scenario: (
        Scenario | None
    )  # what a forecast starts from at the same instant, where it is asked for and all take part


def cast_of(campaign_id: int, *, begins_at: datetime, with_forecast: bool = False) -> Cast:
    """Read who takes part. Raises NotPossible.

    Runs behind the curtain: in this transaction the real tables can be seen, and PostgreSQL refuses to change them.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = public")
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone() != ("on",):
                raise Forbidden("the curtain is open: the real tables could be written")
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is None or campaign.state in CLOSED:
            raise NotPossible("The campaign is gone, or over for good.")
        return _read(campaign, begins_at, with_forecast=with_forecast)


def _read(campaign: Campaign, begins_at: datetime, *, with_forecast: bool) -> Cast:
    campaigns, mailboxes = sharers(campaign)
    people: list[tuple[int, int]] = []
    audience: list[int] = []
    if campaign.state == CampaignState.DRAFT:
        audience = list(audience_contacts(campaign).order_by("pk").values_list("pk", flat=True))
    taken = audience[:MOST_PEOPLE]
    own_first = sorted(campaigns, key=lambda pk: (pk != campaign.pk, pk))
    left_out = {pk: _take_in(pk, people, most=MOST_PEOPLE - len(taken)) for pk in own_first}
    left_out[campaign.pk] += len(audience) - len(taken)
    return Cast(
        campaign_id=campaign.pk,
        workspace_id=campaign.workspace_id,
        begins_at=begins_at,
        state=CampaignState(campaign.state),
        campaign_ids=tuple(sorted(campaigns)),
        mailbox_ids=tuple(sorted(mailboxes)),
        audience=tuple(taken),
        contact_ids=tuple(sorted({*taken, *(contact for _, contact in people)})),
        enrollment_ids=tuple(sorted(pk for pk, _ in people)),
        left_out=left_out[campaign.pk],
        left_out_beside={pk: count for pk, count in left_out.items() if pk != campaign.pk and count},
        scenario=scene_of(campaign, now=begins_at).scenario if with_forecast and not any(left_out.values()) else None,
    )


def _take_in(campaign_id: int, people: list[tuple[int, int]], *, most: int) -> int:
    """Add those of a campaign who wait, with their contacts: who is under way, then who is due first.

    most: how many people there may be in the end.

    Returns how many are left out.
    """
    rows = Enrollment.objects.filter(campaign=campaign_id, state__in=_WAITING)
    room = max(0, most - len(people))
    first = rows.order_by(F("mailbox").asc(nulls_last=True), "due_at", "pk")
    found = list(first.values_list("pk", "contact_id")[:room])
    people += found
    return rows.count() - len(found) if len(found) == room else 0
