"""Guards: pause a campaign, stop a mailbox, when too many of its addresses do not exist or people complain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CampaignState
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import shut_out
from sending.mailboxes.states import MailboxState
from sending.pacing import Pace
from sending.pacing.guards import CAMPAIGN, MAILBOX, Alarm, Counts, Kind, alarms
from sending.pacing.health import Cause

_SPAN = timedelta(days=7)
# Of one mailbox, newest first: a week of two hundred messages a day. What lies behind them weighs little.
_MOST = 5_000
# Since somebody resumed it: what they have seen and accepted is not held against it again.
_OF_CAMPAIGNS = """
SELECT a.id, count(*) FILTER (WHERE e.kind = 'attempted'), count(*) FILTER (WHERE e.kind = 'bounced_hard'),
       count(*) FILTER (WHERE e.kind = 'sent'), count(*) FILTER (WHERE e.kind = 'complained')
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, since)
  JOIN ledger_event e ON e.campaign_id = a.id AND e.at > a.since
   AND e.kind IN ('attempted', 'bounced_hard', 'sent', 'complained')
 GROUP BY a.id
"""
_OF_MAILBOXES = """
SELECT a.id, count(*) FILTER (WHERE e.kind = 'attempted'), count(*) FILTER (WHERE e.kind = 'bounced_hard'),
       count(*) FILTER (WHERE e.kind = 'sent'), count(*) FILTER (WHERE e.kind = 'complained'),
       count(*) FILTER (WHERE e.kind = 'bounced_hard' AND e.refused AND e.id > COALESCE(e.last_sent, 0))
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, since)
 CROSS JOIN LATERAL (
    SELECT e.id, e.kind, NOT e.data ? 'inbound' AS refused,
           max(e.id) FILTER (WHERE e.kind = 'sent') OVER () AS last_sent
      FROM (SELECT x.id, x.kind, x.at, x.data FROM ledger_event x
             WHERE x.mailbox_id = a.id ORDER BY x.id DESC LIMIT %s) e
     WHERE e.at > a.since
 ) e
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


def campaign_alarms(ids: Collection[int]) -> dict[int, Sequence[Alarm]]:
    """Return what running campaigns give cause for; those that give none are absent."""
    rows = Campaign.objects.filter(pk__in=ids, state=CampaignState.RUNNING)
    since = _since(rows.values_list("pk", "state_changed_at", "workspace__time_scale").order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute(_OF_CAMPAIGNS, [list(since), list(since.values())])
        counts = {pk: Counts(*rest) for pk, *rest in cursor.fetchall()}
    return {pk: found for pk, one in counts.items() if (found := alarms(one, CAMPAIGN))}


def mailbox_alarms(ids: Collection[int]) -> dict[int, Sequence[Alarm]]:
    """Return what active mailboxes give cause for; those that give none are absent."""
    rows = Mailbox.objects.filter(pk__in=ids, state=MailboxState.ACTIVE)
    since = _since(rows.values_list("pk", "state_changed_at", "workspace__time_scale").order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute(_OF_MAILBOXES, [list(since), list(since.values()), _MOST])
        counts = {pk: Counts(*rest) for pk, *rest in cursor.fetchall()}
    return {pk: found for pk, one in counts.items() if (found := alarms(one, MAILBOX, minds_a_row=True))}


def why_paused(campaign: Campaign) -> str:
    """Return, in words, why a paused campaign is paused; "" when it is not."""
    if campaign.state != CampaignState.PAUSED:
        return ""
    newest = Event.objects.filter(campaign_id=campaign.pk, kind=EventKind.PAUSED).order_by("-at", "-id").first()
    return str(newest.data.get("reason", "")) if newest else ""


def _since(rows: Iterable[tuple[int, datetime, int]]) -> Mapping[int, datetime]:
    now = database_now()
    return {pk: max(changed_at, now - Pace(scale).shrink(_SPAN)) for pk, changed_at, scale in rows}


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
