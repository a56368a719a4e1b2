"""Guards: pause a campaign, stop a mailbox, when too many of its addresses do not exist or people complain."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CampaignState
from outreach.kit import gate, statements
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import cool_reported
from sending.mailboxes.guarding import (
    SPAN,
    Guarded,
    boxes_at,
    domain_alarm,
    last_complaint_ends,
    mailbox_alarms,
    since_of,
)
from sending.mailboxes.models import Mailbox
from sending.mailboxes.reported import SIDE, boxes_of, report_alarms
from sending.mailboxes.services import shut_out
from sending.pacing.guards import CAMPAIGN, Alarm, Counts, Kind, alarms
from sending.pacing.health import Cause

_OF_CAMPAIGNS = """
SELECT a.id, count(*) FILTER (WHERE e.kind = 'attempted'), count(*) FILTER (WHERE e.kind = 'bounced_hard'),
       count(*) FILTER (WHERE e.kind = 'sent'), count(*) FILTER (WHERE e.kind = 'complained')
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, since)
  JOIN ledger_event e ON e.campaign_id = a.id AND e.at > a.since
   AND e.kind IN ('attempted', 'bounced_hard', 'sent', 'complained')
 GROUP BY a.id
"""
_CAUSES = {Kind.BOUNCES: Cause.BOUNCES, Kind.COMPLAINTS: Cause.COMPLAINT}


def watch(*, campaign_ids: Collection[int], mailbox_ids: Collection[int]) -> None:
    """Look at campaigns and mailboxes about which bad news was just recorded, and stop those that passed a line.

    Runs inside the transaction of the news, which holds the gates of their workspaces shut: of two at once, the later
    sees both. In a sandbox nobody is stopped: its people are invented, and a rehearsal shall show all of them.
    """
    real = Mailbox.objects.filter(pk__in=mailbox_ids, workspace__time_scale=1).values_list("pk", flat=True)
    for pk, found in mailbox_alarms(list(real)).items():
        if found[0].stops:
            shut_out(pk, f"Stopped by a guard: {found[0].words}", cause=_CAUSES[found[0].kind])
    # After the clocks of the mailboxes, as a claim locks them: the other way round the two could wait in a circle.
    for pk, found in campaign_alarms(campaign_ids).items():
        if found[0].stops:
            _pause(pk, found[0])


def sweep_complaints() -> int:
    """Look at whatever people have complained about in seven days; returns how many mailboxes it has stopped.

    What carries mail again by another road than a person's word, as after a new sign-in, is stopped here; so is a
    domain, whose mailboxes are locked one by one, since a transaction that holds another's clock would wait in circles.
    """
    begin = database_now() - SPAN
    rows = Event.objects.filter(workspace__time_scale=1, kind=EventKind.COMPLAINED, at__gt=begin).order_by()
    found = list(rows.values_list("workspace_id", "campaign_id", "mailbox_id").distinct())
    for workspace_id, campaign_id, mailbox_id in found:
        with transaction.atomic():
            gate.hold_shut(workspace_id)
            watch(campaign_ids=[campaign_id] if campaign_id else (), mailbox_ids=[mailbox_id] if mailbox_id else ())
    addresses = Mailbox.objects.filter(pk__in={box for _, _, box in found}).values_list("workspace_id", "address")
    domains = {(workspace_id, address.rpartition("@")[2].lower()) for workspace_id, address in addresses}
    return sum(_stop_domain(workspace_id, domain) for workspace_id, domain in sorted(domains))


def sweep_reports(workspace_id: int | None = None) -> int:
    """Let the mailboxes of each domain whose spam rate at Google has passed the limit leave Google alone.

    Of one workspace, or of all; returns how many mailboxes it held. What comes later to such a domain, as a new
    mailbox, is found at the next look. Each is locked by itself, as in sweep_complaints.
    """
    held = 0
    for (place, domain), alarm in sorted(report_alarms(None if workspace_id is None else [workspace_id]).items()):
        for pk in boxes_of(place, domain) if alarm.stops else ():
            with transaction.atomic():
                gate.hold_shut(place)
                held += cool_reported(pk, SIDE, alarm)
    return held


def _stop_domain(workspace_id: int, domain: str) -> int:
    alarm = domain_alarm(workspace_id, domain)
    if alarm is None or not alarm.stops:
        return 0
    stopped = 0
    for pk in boxes_at(workspace_id, domain, active=True):
        with transaction.atomic():
            gate.hold_shut(workspace_id)
            stopped += shut_out(pk, f"Stopped by a guard: {alarm.words}", cause=Cause.COMPLAINT)
    return stopped


def campaign_alarms(ids: Collection[int]) -> dict[int, Sequence[Alarm]]:
    """Return what running campaigns give cause for; those that give none are absent."""
    return _alarms(Campaign.objects.filter(pk__in=ids, state=CampaignState.RUNNING))


def guarded_campaign(campaign: Campaign) -> Guarded:
    """Return what would pause a campaign if it ran now; nothing in a sandbox, whose people are invented."""
    if campaign.workspace.time_scale > 1:
        return Guarded((), None)
    found = [one for one in _alarms(Campaign.objects.filter(pk=campaign.pk)).get(campaign.pk, ()) if one.stops]
    return Guarded(found, last_complaint_ends(campaign.workspace_id, Q(campaign_id=campaign.pk)))


def _alarms(rows: QuerySet[Campaign]) -> dict[int, Sequence[Alarm]]:
    since = since_of(rows, "campaign_id")
    counted = statements.run(_OF_CAMPAIGNS, [list(since), list(since.values())])
    return {pk: found for pk, *rest in counted if (found := alarms(Counts(*rest), CAMPAIGN))}


def why_paused(campaign: Campaign) -> str:
    """Return, in words, why a paused campaign is paused; "" when it is not."""
    if campaign.state != CampaignState.PAUSED:
        return ""
    newest = Event.objects.filter(campaign_id=campaign.pk, kind=EventKind.PAUSED).order_by("-at", "-id").first()
    return str(newest.data.get("reason", "")) if newest else ""


def _pause(campaign_id: int, alarm: Alarm) -> None:
    campaign = Campaign.objects.select_related("workspace").get(pk=campaign_id)
    if campaign.workspace.time_scale > 1:
        return
    try:
        move_campaign(campaign_id, CampaignState.PAUSED)
    except IllegalMove:
        return  # somebody else was faster
    data = {"reason": f"A guard paused it: {alarm.words}", "by": "guard"}
    record([Entry(campaign.workspace_id, EventKind.PAUSED, database_now(), campaign_id=campaign_id, data=data)])
