"""Whom the ground that is stated for a whole campaign stands for as a consent.

Only an admin's statement is one, and only for the people who were in the audience, or in the campaign, when it was
made: their numbers are written down with it. Whoever comes later needs a ground of their own import. See
docs/decisions/grounds-for-all.md.
"""

from __future__ import annotations

from django.db import connection

from campaigns.contacts.states import LegalBasis
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from sending.planner.models import GroundCover

# What a law may take for the consent of everybody, stated without a day or a page.
AS_CONSENT = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT})
# Of a contact c: whether the ground of a campaign covers it; where many are asked about. Value: the campaign.
COVERED = "c.id IN (SELECT unnest(v.ids) FROM planner_ground_cover v WHERE v.ground_id = %s)"
# The same of few, each with a campaign; to be formatted with both columns.
COVERS_ONE = """EXISTS (SELECT FROM planner_ground_cover v
     WHERE v.ground_id = {campaign} AND {contact} BETWEEN v.first_id AND v.last_id AND {contact} = ANY(v.ids))"""
ENROLLED = """
SELECT contact_id FROM planner_enrollment
 WHERE campaign_id = %s AND (state IN ('active', 'sending') OR led_to IS NOT NULL)
"""
_PART = 1_000  # people of one row
_MEANT = """contacts_contact c
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id IN (({audience}) UNION ({enrolled}))"""
_COVER = f"""
INSERT INTO planner_ground_cover (ground_id, first_id, last_id, ids)
SELECT %s, min(p.id), max(p.id), array_agg(p.id ORDER BY p.id)
  FROM (SELECT c.id, (row_number() OVER (ORDER BY c.id) - 1) / %s AS part FROM {_MEANT}) p
 GROUP BY p.part
RETURNING cardinality(ids)
"""  # noqa: S608  # our own words
_LEFT_OUT = f"SELECT EXISTS (SELECT FROM {_MEANT} AND NOT {COVERED})"  # noqa: S608  # our own words


def cover(campaign: Campaign, *, is_consent: bool) -> int:
    """Write down whom the ground of a campaign covers from now on; returns how many. is_consent: else it is nobody."""
    GroundCover.objects.filter(ground=campaign.pk).delete()
    if not is_consent:
        return 0
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values = [campaign.pk, _PART, campaign.workspace_id, *inside, campaign.pk]
    with connection.cursor() as cursor:
        cursor.execute(_COVER.format(audience=audience, enrolled=ENROLLED), values)
        return sum(count for (count,) in cursor.fetchall())


def leaves_out(campaign: Campaign) -> bool:
    """Say whether somebody of the audience, or of the campaign, is not covered by its ground."""
    audience, inside = audience_ids(campaign).query.sql_with_params()
    values = [campaign.workspace_id, *inside, campaign.pk, campaign.pk]
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OUT.format(audience=audience, enrolled=ENROLLED), values)
        return bool(cursor.fetchone()[0])


def covers(campaign_id: int, contact_id: int) -> bool:
    """Say whether the ground of a campaign stands for the consent of one person."""
    rows = GroundCover.objects.filter(ground=campaign_id, first_id__lte=contact_id, last_id__gte=contact_id)
    return rows.filter(ids__contains=[contact_id]).exists()
