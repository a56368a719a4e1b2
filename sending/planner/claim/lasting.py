"""Keep what holds whole mailboxes and campaigns, for the question "why not on that day?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from campaigns.sequences.models import Campaign
from sending.ledger import stretches
from sending.ledger.kinds import StretchScope
from sending.ledger.stretches import Note
from sending.pacing import Hold, HoldCode
from sending.planner.claim.facts import Sender
from sending.planner.states import HoldScope

_OF_CAMPAIGN = {HoldScope.NEW: StretchScope.NEW_LEADS}


def keep_mailbox_holds(
    holds: Mapping[int, Hold],
    freed: Mapping[int, str],
    senders: Mapping[int, Sender],
    *,
    scope: StretchScope = StretchScope.EVERYBODY,
    now: datetime,
) -> None:
    """Keep the holds of mailboxes, and that those which had a hold (its code) are free; senders are all of them.

    A gap follows each message and says nothing about a day: it is left out.
    """
    lasting = [(senders[pk], hold) for pk, hold in sorted(holds.items()) if hold.code is not HoldCode.GAP]
    stretches.note(
        [
            Note(one.workspace_id, *_said(hold), scope=scope, mailbox_id=one.id, pace_scale=one.pace.scale)
            for one, hold in lasting
        ],
        now=now,
    )
    over = sorted(pk for pk, code in freed.items() if code != HoldCode.GAP)
    stretches.end(scope, now=now, mailboxes=over)


def keep_campaign_holds(holds: Mapping[int, Hold], freed: Sequence[int], scope: HoldScope, *, now: datetime) -> None:
    """Keep the holds of campaigns, and that others are free."""
    if holds:
        rows = Campaign.objects.filter(pk__in=holds).values_list("pk", "workspace_id", "workspace__time_scale")
        stretches.note(
            [
                Note(workspace_id, *_said(holds[pk]), scope=_OF_CAMPAIGN[scope], campaign_id=pk, pace_scale=scale)
                for pk, workspace_id, scale in rows.order_by("pk")
            ],
            now=now,
        )
    stretches.end(_OF_CAMPAIGN[scope], now=now, campaigns=sorted(freed))


def _said(hold: Hold) -> tuple[str, str, datetime]:
    return hold.code.value, hold.words, hold.until
