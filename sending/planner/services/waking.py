"""Let mailboxes look for work again."""

from __future__ import annotations

from collections.abc import Collection

from outreach.kit.commits import after_commit
from sending.mailboxes.services import look_by
from sending.planner.models import CampaignMailbox


def wake(campaign_id: int, *, mailbox_id: int | None = None, also: Collection[int] = ()) -> None:
    """Let the next tick look at the campaign's mailboxes (and one more): there is new work. Gaps and limits stay.

    also: further mailboxes that carry people of the campaign, chosen for it or not any more.

    After the commit, and one mailbox at a time: marks lock several clocks in an order of their own, and a transaction
    that held some of them here could wait for one in a circle.
    """
    after_commit(_wake, campaign_id, {*also, *([mailbox_id] if mailbox_id else [])})


def _wake(campaign_id: int, also: Collection[int]) -> None:
    rows = CampaignMailbox.objects.filter(campaign=campaign_id).values_list("mailbox", flat=True)
    for mailbox_id in sorted({*rows, *also}):
        look_by(mailbox_id)
