"""Senders by tags: whichever mailboxes have one of a campaign's tags carry it, those of later, too."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.planner.models import CampaignTag

_OPEN = "('draft', 'running', 'paused')"
_JOIN = f"""
INSERT INTO planner_campaign_mailbox (campaign_id, mailbox_id, by_tag)
SELECT DISTINCT c.id, m.id, true
  FROM planner_campaign_tag t
  JOIN sequences_campaign c ON c.id = t.campaign_id AND c.state IN {_OPEN}
  JOIN mailboxes_mailbox m ON m.workspace_id = c.workspace_id AND t.tag = ANY(m.tags)
 WHERE c.id = %(only)s OR %(only)s IS NULL
 ORDER BY 1, 2
    ON CONFLICT (campaign_id, mailbox_id) DO NOTHING
RETURNING campaign_id
"""  # noqa: S608  # a list of our own
# Locked in order of id, as a claim does that writes turns down.
_LEAVE = f"""
WITH gone AS (
SELECT s.id
  FROM planner_campaign_mailbox s
  JOIN sequences_campaign c ON c.id = s.campaign_id
 WHERE c.state IN {_OPEN} AND s.by_tag AND (c.id = %(only)s OR %(only)s IS NULL)
   AND NOT EXISTS (SELECT 1 FROM planner_campaign_tag t JOIN mailboxes_mailbox m ON t.tag = ANY(m.tags)
                    WHERE t.campaign_id = s.campaign_id AND m.id = s.mailbox_id)
 ORDER BY s.id FOR UPDATE OF s)
DELETE FROM planner_campaign_mailbox s USING gone WHERE s.id = gone.id
RETURNING s.campaign_id
"""  # noqa: S608  # a list of our own


def tags_of(campaign: Campaign) -> Sequence[str]:
    """Return the tags whose mailboxes carry the campaign."""
    return list(CampaignTag.objects.filter(campaign=campaign).order_by("tag").values_list("tag", flat=True))


def tags_there(member: Member) -> Sequence[str]:
    """Return the tags that mailboxes of the workspace have."""
    rows = Mailbox.objects.filter(workspace=member.workspace).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags})


def tagged(campaign: Campaign, tags: Sequence[str] | None = None) -> Sequence[int]:
    """Return the ids of the mailboxes that have one of the campaign's tags, or of other ones."""
    wanted = tags_of(campaign) if tags is None else tags
    rows = Mailbox.objects.filter(workspace=campaign.workspace_id, tags__overlap=list(wanted))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def choose_tags(campaign: Campaign, tags: Sequence[str]) -> None:
    """Let exactly these tags name senders of the campaign. Runs inside the caller's transaction."""
    CampaignTag.objects.filter(campaign=campaign).exclude(tag__in=tags).delete()
    CampaignTag.objects.bulk_create(
        [CampaignTag(campaign=campaign, tag=tag) for tag in sorted(set(tags))], ignore_conflicts=True
    )


def follow_tags(campaign: Campaign | None = None) -> set[int]:
    """Let the senders of one campaign, or of all that are open, follow their tags; returns those that changed."""
    asked = {"only": campaign.pk if campaign else None}
    with transaction.atomic(), connection.cursor() as cursor:
        changed: set[int] = set()
        for statement in (_LEAVE, _JOIN):
            cursor.execute(statement, asked)
            changed |= {pk for (pk,) in cursor.fetchall()}
    return changed
