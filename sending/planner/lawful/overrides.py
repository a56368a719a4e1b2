"""Decisions of admins where a law leaves room: which stand, and whom they cover.

A decision covers the people of its countries who were there when it was made, as long as the lists and segments of the
campaign stay what they were, and for the notice its first message, too. Growth never rests on one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.positions import MAIN, path_of
from outreach.kit import statements
from outreach.kit.stale import fingerprint
from sending.planner.lawful.law import Duty
from sending.planner.models import LawOverride

# What a campaign's audience is made of: its lists, its segments, and where it has some the conditions of every segment
# of the workspace, since they name each other. The same words are asked at each claim.
AUDIENCE_PRINT = """md5(concat_ws('|',
    (SELECT string_agg(l.contact_list_id::text, ',' ORDER BY l.contact_list_id)
       FROM sequences_audience_list l WHERE l.campaign_id = {campaign}),
    (SELECT string_agg(s.segment_id::text, ',' ORDER BY s.segment_id)
       FROM sequences_audience_segment s WHERE s.campaign_id = {campaign}),
    (SELECT string_agg(g.id || ':' || g.where, ',' ORDER BY g.id)
       FROM sequences_campaign k JOIN contacts_segment g ON g.workspace_id = k.workspace_id
      WHERE k.id = {campaign}
        AND EXISTS (SELECT 1 FROM sequences_audience_segment s WHERE s.campaign_id = k.id))))"""
_PRINT = f"SELECT {AUDIENCE_PRINT.format(campaign='a.id')} FROM (SELECT %s::bigint AS id) a"  # noqa: S608  # our own words


def standing(campaign: Campaign) -> Mapping[Duty, LawOverride]:
    """Return the decisions that stand for a campaign, by what they are about."""
    return {Duty(row.duty): row for row, ended in looked_at(campaign) if not ended}


def open_decisions(campaign: Campaign) -> Sequence[LawOverride]:
    """Return the decisions of a campaign that nobody and nothing has ended yet, those that are overtaken too."""
    return list(LawOverride.objects.filter(campaign=campaign, ended_at=None).order_by("duty"))


def decisions_of(campaign: Campaign) -> Sequence[LawOverride]:
    """Return every decision of a campaign, the newest first."""
    return list(LawOverride.objects.filter(campaign=campaign).order_by("-decided_at", "-pk"))


def looked_at(campaign: Campaign) -> Sequence[tuple[LawOverride, str]]:
    """Return the open decisions, each with what has changed since so that it stands no more, "" where it stands."""
    rows = open_decisions(campaign)
    audience = audience_print(campaign) if rows else ""
    return [(row, _why_ended(campaign, row, audience)) for row in rows]


def _why_ended(campaign: Campaign, row: LawOverride, audience: str) -> str:
    if row.audience != audience:
        return "The lists or segments of the campaign have changed."
    if row.duty == Duty.NOTICE and row.content != content_print(campaign):
        return "The first message has changed."
    return ""


def audience_print(campaign: Campaign) -> str:
    """Return the fingerprint of what the campaign's audience is made of."""
    return str(statements.run(_PRINT, [campaign.pk])[0][0])


def content_print(campaign: Campaign) -> str:
    """Return the fingerprint of the wordings of the first message."""
    rows = Variant.objects.filter(step__campaign=campaign).order_by("step__position", "label")
    found = list(rows.values_list("step__position", "label", "weight", "subject", "body_text", "body_html"))
    first = min((row[0] for row in found if path_of(row[0]) == MAIN), default=0)
    return fingerprint(*(row for row in found if row[0] == first))
