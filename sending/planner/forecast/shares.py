"""What a campaign will take from each of its mailboxes, what each has to give today, and whom it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from sending.mailboxes.budgets import Budget, budgets_of
from sending.mailboxes.presets import receiver_at
from sending.pacing.outlook import Carried
from sending.pacing.receivers import DOMAINS, NAMES, Receiver
from sending.planner.forecast.foresight import foresee
from sending.planner.models import Enrollment
from sending.planner.queries import senders_of_campaign
from sending.planner.states import EnrollmentState

# As a launch would write it down.
_RECEIVERS = """
SELECT COALESCE(d.receiver, known.provider, %s), count(*)
  FROM contacts_contact c
  LEFT JOIN unnest(%s::varchar[], %s::varchar[]) AS d(domain, receiver) ON d.domain = c.domain
  LEFT JOIN contacts_mail_domain known
    ON known.domain = c.domain AND known.verdict = 'mail' AND known.provider = ANY(%s::varchar[])
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id IN ({audience})
 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Share:
    """One mailbox: its book of today, what the forecast takes from it, and how many people are at its provider."""

    budget: Budget
    carried: Carried | None
    provider: str  # "" for one that no rotation knows
    fitting: int

    @property
    def mailbox_id(self) -> int:
        return self.budget.mailbox.pk


@dataclass(frozen=True, slots=True)
class Shares:
    """The mailboxes of a campaign; people: those who are still to be begun."""

    rows: Sequence[Share]
    people: int
    total: int


def shares_of(campaign: Campaign) -> Shares:
    """Return what a campaign takes from each mailbox: of a draft as if it were launched now."""
    mailboxes = list(senders_of_campaign(campaign).values())
    forecast = foresee(campaign).forecast
    receivers = receivers_of(campaign)
    at = {one.pk: receiver_at(one.smtp_host, one.address, one.sign_in) for one in mailboxes}
    rows = [
        Share(
            budget=one,
            carried=forecast.carried.get(one.mailbox.pk),
            provider="" if at[one.mailbox.pk] is Receiver.OTHER else NAMES[at[one.mailbox.pk]],
            fitting=receivers.get(at[one.mailbox.pk], 0),
        )
        for one in budgets_of(mailboxes)
    ]
    return Shares(rows, sum(receivers.values()), forecast.total)


def receivers_of(campaign: Campaign) -> Mapping[Receiver, int]:
    """Return at whom the mail is of those who are still to be begun: how many at each provider."""
    if campaign.state != CampaignState.DRAFT:
        new = Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE, mailbox=None).order_by()
        return {Receiver(one): count for one, count in new.values_list("receiver").annotate(count=Count("pk"))}
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values = [
        Receiver.OTHER.value,
        list(DOMAINS),
        [one.value for one in DOMAINS.values()],
        [one.value for one in Receiver if one is not Receiver.OTHER],
        campaign.workspace_id,
        *inside,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVERS.format(audience=audience), values)
        return {Receiver(one): count for one, count in cursor.fetchall()}
