"""Let a campaign run: launch, pause, resume."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.sequences.models import Campaign
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.kit import gate
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.guarding import require_release
from sending.planner.errors import NotReady
from sending.planner.lawful.ended import end_overtaken
from sending.planner.lawful.grounds import Whom, law_obstacles
from sending.planner.lawful.law import version
from sending.planner.progress.guards import guarded_campaign
from sending.planner.review.readiness import broken_segments, obstacles
from sending.planner.services.enrolling import enroll_audience
from sending.planner.services.waking import wake
from sending.planner.tagging import follow_tags


def launch(member: Member, campaign: Campaign) -> int:
    """Enroll the audience and let the campaign run. Returns how many contacts were enrolled.

    Raises NotReady with every obstacle.
    """
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # edits wait in line, as other launches do
        follow_tags(campaign)
        end_overtaken(campaign)
        found = obstacles(campaign)
        if found:
            raise NotReady(found)
        now = database_now()
        move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=now)
        count = enroll_audience(campaign)
        if unlawful := law_obstacles(campaign, Whom.ENROLLED):  # who came into the audience while it was looked at
            raise NotReady(tuple(unlawful))
        if broken := broken_segments(campaign):  # a list or field of a condition went while it was read
            raise NotReady(tuple(broken))
        _tell(campaign, EventKind.LAUNCHED, now, by=member, contacts=count, law=version())
        wake(campaign.pk)
    return count


def pause(member: Member, campaign: Campaign) -> None:
    """Let nothing more go out; what has passed its dot cannot be called back."""
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)
        move_campaign(campaign.pk, CampaignState.PAUSED)
        _tell(campaign, EventKind.PAUSED, database_now(), by=member, reason="A person paused it.")


def resume(member: Member, campaign: Campaign, *, why: str = "") -> None:
    """Let a paused campaign go on. What became due meanwhile is spread by the usual pacing, never sent in a burst.

    What a guard has found is accepted by it, and counts no more. Complaints only an admin accepts, who says why:
    raises StillGuarded.
    """
    with transaction.atomic():
        found = guarded_campaign(campaign)
        if found.alarms:
            told = require_release(found, member, why)
            at = database_now()
            record([Entry(campaign.workspace_id, EventKind.GUARD_RELEASED, at, campaign_id=campaign.pk, data=told)])
        move_campaign(campaign.pk, CampaignState.RUNNING)
        _tell(campaign, EventKind.RESUMED, database_now(), by=member)
        wake(campaign.pk)


def _tell(campaign: Campaign, kind: EventKind, at: datetime, *, by: Member, **data: object) -> None:
    about = {**data, "by": by.user.email}
    record([Entry(campaign.workspace_id, kind, at, campaign_id=campaign.pk, data=about)])
