"""What recipients say of senders and campaigns without answering, from the tallies: one query whatever was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from campaigns.sequences.models import Campaign
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.ledger.days import last_days
from sending.ledger.queries import counts_by
from sending.mailboxes.models import Mailbox
from sending.reports.objections import KINDS, Objections, objections_of, out_of_line

DAYS = 30


@dataclass(frozen=True, slots=True)
class OfMailbox:
    """What is said of a mailbox; warning is empty where its opt-outs are in line with those of the others."""

    mailbox: Mailbox
    said: Objections
    warning: str


@dataclass(frozen=True, slots=True)
class OfCampaign:
    campaign: Campaign
    said: Objections


def of_mailboxes(workspace: Workspace) -> Sequence[OfMailbox]:
    """Return what was said of each mailbox in the last 30 days; of one that delivered nothing, nothing was."""
    counted = counts_by("mailbox_id", workspace.pk, KINDS, since=first_day(workspace))
    boxes = Mailbox.objects.filter(workspace=workspace, pk__in=counted).order_by("address")
    said = {pk: objections_of(counts) for pk, counts in counted.items()}
    everybody = objections_of(*counted.values())
    return [OfMailbox(box, said[box.pk], out_of_line(said[box.pk], everybody, days=DAYS)) for box in boxes]


def of_mailbox(mailbox: Mailbox) -> OfMailbox:
    """Return what was said of one mailbox in the last 30 days."""
    found = next((one for one in of_mailboxes(mailbox.workspace) if one.mailbox.pk == mailbox.pk), None)
    return found or OfMailbox(mailbox, objections_of({}), "")


def of_campaigns(workspace: Workspace) -> Sequence[OfCampaign]:
    """Return what was said of each campaign that delivered something in the last 30 days, newest first."""
    counted = counts_by("campaign_id", workspace.pk, KINDS, since=first_day(workspace))
    rows = Campaign.objects.filter(workspace=workspace, pk__in=counted).order_by("-pk")
    return [OfCampaign(row, objections_of(counted[row.pk])) for row in rows]


def of_campaign(campaign: Campaign) -> Objections:
    """Return what was said of a campaign since it began."""
    counted = counts_by("campaign_id", campaign.workspace_id, KINDS, only=campaign.pk)
    return objections_of(counted.get(campaign.pk, {}))


def first_day(workspace: Workspace) -> date:
    """Return the first of the days that are counted, today being the last."""
    return last_days(DAYS, now=clock.now(), zone=ZoneInfo(workspace.time_zone))[0]
