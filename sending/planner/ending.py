"""End a campaign for good, and put it away.

The state is the stop: from its commit on nothing of the campaign is claimed or marked as leaving. Whoever still waited
is called off behind it, in parts, each with the reason; what a request leaves over is done by the sweep.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CLOSED, CampaignState
from outreach.accounts.access import Member
from outreach.kit import gate
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

_PART = 5_000  # people of one transaction, which shuts the workspace's gate
_AT_ONCE = 4  # parts in the request of a person who waits
# Whoever was to be led on by an answer has a reason already; they only lose the way. Whose message is being written
# down at this moment is left to the sweep: nobody waits in a circle.
_CALL_OFF = """
WITH part AS (
    SELECT id FROM planner_enrollment
     WHERE campaign_id = %s AND (state IN ('active', 'sending') OR state = 'stopped' AND led_to IS NOT NULL)
     ORDER BY id LIMIT %s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE planner_enrollment e
   SET state = 'stopped', due_at = NULL, hold_code = '', hold_detail = '', held_since = NULL, led_to = NULL,
       led_until = NULL, ended_at = COALESCE(e.ended_at, now()),
       stop_reason = CASE WHEN e.state = 'stopped' THEN e.stop_reason ELSE 'campaign_ended' END,
       stop_detail = CASE WHEN e.state = 'stopped' THEN e.stop_detail ELSE 'The campaign was stopped for good.' END
  FROM part WHERE e.id = part.id
"""
_WAITING = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]
_TO_BE_LED = Q(state=EnrollmentState.STOPPED, led_to__isnull=False)  # once nothing of theirs is under way
_TO_COME = Q(state__in=_WAITING) | _TO_BE_LED


def stop_campaign(member: Member, campaign: Campaign) -> int:
    """Write to nobody of a running or paused campaign any more, for good. Returns how many it calls off.

    What has passed its dot cannot be called back. Raises IllegalMove.
    """
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)
        move_campaign(campaign.pk, CampaignState.STOPPED)
        waiting = Enrollment.objects.filter(_TO_COME, campaign=campaign).count()
        _tell(member, campaign, EventKind.ENDED, contacts=waiting)
    for _ in range(_AT_ONCE):
        if _call_off_part(campaign) < _PART:
            break
    return waiting


def archive(member: Member, campaign: Campaign) -> None:
    """Put a campaign away: a draft, a stopped one, or one of whose people nobody waits any more. Raises IllegalMove."""
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)  # an answer may be leading somebody on at this moment
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        waiting = Enrollment.objects.filter(_TO_COME, campaign=current).count()
        if waiting and current.state != CampaignState.STOPPED:
            raise IllegalMove(f"{waiting:,} of its people are still to be written to: stop it first.")
        move_campaign(campaign.pk, CampaignState.ARCHIVED)
        _tell(member, campaign, EventKind.ARCHIVED)


def call_off_ended() -> int:
    """Call off whoever still waits in campaigns that are stopped or put away. Returns how many; safe to run twice."""
    waiting = Enrollment.objects.filter(campaign=OuterRef("pk"), state__in=_WAITING)
    led = Enrollment.objects.filter(_TO_BE_LED, campaign__state__in=CLOSED).values("campaign")
    ended = Campaign.objects.filter(Exists(waiting) | Q(pk__in=led), state__in=CLOSED)
    total = 0
    for campaign in ended.order_by("pk"):
        while True:
            count = _call_off_part(campaign)
            total += count
            if count < _PART:
                break
    return total


def _call_off_part(campaign: Campaign) -> int:
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)
        with connection.cursor() as cursor:
            cursor.execute(_CALL_OFF, [campaign.pk, _PART])
            return int(cursor.rowcount)


def _tell(member: Member, campaign: Campaign, kind: EventKind, **data: object) -> None:
    about = {**data, "by": member.user.email}
    record([Entry(campaign.workspace_id, kind, database_now(), campaign_id=campaign.pk, data=about)])
