"""Enroll people: a whole audience at a launch, later on whoever came into it."""

from __future__ import annotations

import logging
from typing import Any

from django.db import connection, transaction

from campaigns.sequences.audience import audience_ids, unreadable
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.pacing.receivers import DOMAINS, Receiver
from sending.planner.lawful.grounds import LACKS_CONSENT, Whom, consent_asked, law_obstacles
from sending.planner.services.waking import wake

# One statement, so that a person on two lists is enrolled once and a second launch adds only who is new; who came first
# is due first.
_ENROLL = """
WITH put AS (
INSERT INTO planner_enrollment (workspace_id, campaign_id, contact_id, state, stop_reason, stop_detail,
                                receiver, next_position, due_at, hold_code, hold_detail, created_at)
SELECT c.workspace_id, %s, c.id, 'active', '', '',
       COALESCE(d.receiver, known.provider, %s), 1, now(), '', '', now()
  FROM contacts_contact c
  LEFT JOIN unnest(%s::varchar[], %s::varchar[]) AS d(domain, receiver) ON d.domain = c.domain
  LEFT JOIN contacts_mail_domain known
    ON known.domain = c.domain AND known.verdict = 'mail' AND known.provider = ANY(%s::varchar[])
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id > %s
   AND NOT EXISTS (SELECT 1 FROM planner_enrollment e WHERE e.campaign_id = %s AND e.contact_id = c.id)
   AND c.id IN ({audience}) AND NOT {unlawful}
 ORDER BY c.id LIMIT %s
ON CONFLICT (campaign_id, contact_id) DO NOTHING
RETURNING contact_id)
SELECT count(*), max(contact_id) FROM put
"""
_PART = 5_000  # contacts that come into a running campaign in one transaction, which holds the campaign's row
logger = logging.getLogger(__name__)


def enroll_audience(campaign: Campaign) -> int:
    """Enroll the contacts of the campaign's lists and segments who are not in it yet. Returns how many."""
    return _enroll(campaign)[0]


def _enroll(
    campaign: Campaign, *, after: int = 0, limit: int | None = None, consent: tuple[list[str], list[str]] = ([], [])
) -> tuple[int, int | None]:
    """Enroll so many at most with a contact id above `after`; returns how many, and the last one's.

    consent: countries that need one, whose people are left out without it, and the grounds that are one.
    """
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values: list[Any] = [
        campaign.pk,
        Receiver.OTHER.value,
        list(DOMAINS),
        [one.value for one in DOMAINS.values()],
        [one.value for one in Receiver if one is not Receiver.OTHER],
        campaign.workspace_id,
        after,
        campaign.pk,
        *inside,
        *consent,
        limit,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ENROLL.format(audience=audience, unlawful=LACKS_CONSENT), values)
        count, last = cursor.fetchone()
    return count, last


def grow_audiences() -> int:
    """Enroll who came into the audiences of running campaigns that grow; returns how many. Safe to run twice.

    Each by itself: one that fails is logged, and the others grow.
    """
    growing = Campaign.objects.filter(state=CampaignState.RUNNING, grows=True).order_by("pk")
    total = 0
    for pk in list(growing.values_list("pk", flat=True)):
        try:
            total += _grow(pk)
        except Exception:
            logger.exception("campaign.growth_failed", extra={"campaign_id": pk})
    return total


def _grow(campaign_id: int) -> int:
    """Enroll in parts: a pause shuts the workspace's gate and then waits for the campaign's row."""
    total, after = 0, 0
    while True:
        count, last = _grow_part(campaign_id, after)
        total += count
        if last is None or count < _PART:
            return total
        after = last


def _grow_part(campaign_id: int, after: int) -> tuple[int, int | None]:
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
        if campaign is None or campaign.state != CampaignState.RUNNING or not campaign.grows:
            return 0, None
        broken = unreadable(campaign)
        count, last = _enroll(campaign, after=after, limit=_PART, consent=consent_asked(campaign))
        if count and unreadable(campaign) != broken:
            # A list or field of a condition went between its reading and the statement: whom it excluded may be in.
            transaction.set_rollback(True)
            return 0, None
        if count:
            words = f"{count:,} came into the audience."
            waiting = law_obstacles(campaign, Whom.OUTSIDE)
            words = " ".join([words, *(f"Left out: {one.words}" for one in waiting)])
            about = {"contacts": count, "words": words}
            record([Entry(campaign.workspace_id, EventKind.ENROLLED, clock.now(), campaign_id=campaign.pk, data=about)])
            wake(campaign.pk)
    return count, last
