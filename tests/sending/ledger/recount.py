"""The oracle of the ledger: tallies against a recount of the events, by every column that they have."""

from __future__ import annotations

from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

from sending.ledger.models import DailyTally, Event

Tally = tuple[int, date, str, int, int, str]


def tallied() -> dict[Tally, int]:
    """Return what the tallies say: the sum of their parts."""
    counts: Counter[Tally] = Counter()
    for row in DailyTally.objects.all():
        counts[row.workspace_id, row.day, row.kind, row.campaign_id, row.mailbox_id, row.how] += row.count
    return dict(counts)


def recounted() -> dict[Tally, int]:
    """Return what the events say, each on the day of its workspace's zone."""
    return dict(
        Counter(
            (
                event.workspace_id,
                event.at.astimezone(ZoneInfo(event.workspace.time_zone)).date(),
                event.kind,
                event.campaign_id or 0,
                event.mailbox_id or 0,
                event.data.get("how", ""),
            )
            for event in Event.objects.select_related("workspace")
        )
    )
