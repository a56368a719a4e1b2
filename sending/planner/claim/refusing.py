"""Whom mailboxes pass over since they are refused by them: other mailboxes of the campaign may begin those people.

They stay due, with their turn, and nothing holds them. Who refuses all mailboxes of the campaign is dealt as anybody:
the gates leave them out, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from outreach.kit import statements
from sending.planner.claim.refusals import Refusals

# A mailbox that finds nobody but those who refuse it looks again after so long, or when something else wakes it.
_AGAIN = timedelta(minutes=1)
_KEYS = "SELECT id, workspace_id, email_key FROM contacts_contact WHERE id = ANY(%s::bigint[])"
_LOOK_LATER = """
UPDATE planner_campaign_mailbox s SET held_until = %s
  FROM unnest(%s::bigint[], %s::bigint[]) AS v(campaign_id, mailbox_id)
 WHERE s.campaign_id = v.campaign_id AND s.mailbox_id = v.mailbox_id
"""


class Refusing:
    """The mailboxes of a claim in whose workspaces somebody refuses a sender; nobody else is asked about."""

    def __init__(self, mailbox_ids: Collection[int]) -> None:
        self._mailbox_ids = mailbox_ids

    def __bool__(self) -> bool:
        return bool(self._mailbox_ids)

    def among(
        self, people: Iterable[tuple[int, int]], asking: Mapping[int, Collection[int]]
    ) -> dict[tuple[int, int], set[int]]:
        """Return which mailboxes pass over people (campaign, contact); those whom none does are absent.

        asking: the mailboxes that ask for people of a campaign.
        """
        asked = set(people)
        rows = statements.run(_KEYS, [sorted({pk for _, pk in asked})])
        keys = {pk: (workspace_id, key) for pk, workspace_id, key in rows}
        refusals = Refusals(set(keys.values()))
        found = {}
        for campaign_id, pk in asked:
            boxes = {one for one in asking[campaign_id] if one in self._mailbox_ids and refusals.words(one, keys[pk])}
            if boxes and not refusals.words_of_all(campaign_id, keys[pk]):
                found[campaign_id, pk] = boxes
        return found

    def look_later(self, passed: Collection[tuple[int, int]], now: datetime) -> None:
        """Let mailboxes (campaign, mailbox) that have found nobody else ask again a little later."""
        if passed:
            campaigns, boxes = map(list, zip(*sorted(passed), strict=True))
            statements.run(_LOOK_LATER, [now + _AGAIN, campaigns, boxes])
