"""Enroll people of an audience: those who are not in the campaign yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.pacing.receivers import DOMAINS, Receiver
from sending.planner.entries import entry_of
from sending.planner.lawful.grounds import LACKS_CONSENT, lacking_values
from sending.planner.models import Enrollment
from sending.planner.states import StopReason
from sending.planner.traces import WORDS, written_before

# One statement, so that a person on two lists is enrolled once and a second launch adds only who is new; who came first
# is due first. Who has an address that the campaign has written to is in it at once, skipped with the reason.
_ENROLL = """
WITH put AS (
INSERT INTO planner_enrollment (workspace_id, campaign_id, contact_id, state, stop_reason, stop_detail, receiver,
                                next_position, due_at, ended_at, hold_code, hold_detail, created_at)
SELECT c.workspace_id, %s, c.id, CASE WHEN w.id IS NULL THEN 'active' ELSE 'skipped' END,
       CASE WHEN w.id IS NULL THEN '' ELSE 'written_before' END, CASE WHEN w.id IS NULL THEN '' ELSE %s END,
       COALESCE(d.receiver, known.provider, %s), 1, CASE WHEN w.id IS NULL THEN now() END,
       CASE WHEN w.id IS NOT NULL THEN now() END, '', '', now()
  FROM contacts_contact c
  LEFT JOIN unnest(%s::bigint[]) AS w(id) ON w.id = c.id
  LEFT JOIN unnest(%s::varchar[], %s::varchar[]) AS d(domain, receiver) ON d.domain = c.domain
  LEFT JOIN contacts_mail_domain known
    ON known.domain = c.domain AND known.verdict = 'mail' AND known.provider = ANY(%s::varchar[])
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id > %s
   AND NOT EXISTS (SELECT 1 FROM planner_enrollment e WHERE e.campaign_id = %s AND e.contact_id = c.id)
   AND c.id IN ({audience}) AND NOT {unlawful}
 ORDER BY c.id LIMIT %s
ON CONFLICT (campaign_id, contact_id) DO NOTHING
RETURNING id, contact_id, state)
SELECT count(*) FILTER (WHERE state = 'active'), max(contact_id), array_agg(id) FILTER (WHERE state = 'skipped')
  FROM put
"""


def enroll_audience(campaign: Campaign) -> int:
    """Enroll the contacts of the campaign's lists and segments who are not in it yet. Returns how many."""
    return enroll_part(campaign)[0]


def enroll_part(
    campaign: Campaign, *, after: int = 0, limit: int | None = None, consent: Sequence[object] | None = None
) -> tuple[int, int | None]:
    """Enroll so many at most with a contact id above `after`; returns how many are to be written to, and the last one.

    Who has an address that the campaign has made a message for is skipped, with the event. Runs inside a transaction.

    consent: of whom one is needed, who are left out without it (grounds.consent_asked); None = of nobody.
    """
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values: list[Any] = [
        campaign.pk,
        WORDS,
        Receiver.OTHER.value,
        written_before(campaign),
        list(DOMAINS),
        [one.value for one in DOMAINS.values()],
        [one.value for one in Receiver if one is not Receiver.OTHER],
        campaign.workspace_id,
        after,
        campaign.pk,
        *inside,
        *(consent or lacking_values(campaign, [])),
        limit,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ENROLL.format(audience=audience, unlawful=LACKS_CONSENT), values)
        count, last, skipped = cursor.fetchone()
    if skipped:
        _tell_who_is_skipped(skipped)
    return count, last


def _tell_who_is_skipped(ids: Sequence[int]) -> None:
    now, about = database_now(), {"reason": StopReason.WRITTEN_BEFORE.value, "words": WORDS}
    rows = Enrollment.objects.filter(pk__in=ids).order_by("pk")
    record([entry_of(row, EventKind.SKIPPED, now, **about) for row in rows])
