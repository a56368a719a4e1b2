"""Write events and count them, in one transaction with what they tell of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from psycopg.types.json import Jsonb

from outreach.accounts.models import Workspace
from outreach.kit.rows import copy_rows
from sending.ledger.kinds import EventKind

_COLUMNS = (
    "workspace_id", "at", "kind", "campaign_id", "contact_id", "enrollment_id", "mailbox_id", "message_id", "data",
)  # fmt: skip
_UPSERT = """
INSERT INTO ledger_daily_tally (workspace_id, day, kind, campaign_id, mailbox_id, count)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::varchar[], %s::bigint[], %s::bigint[], %s::integer[])
ON CONFLICT (workspace_id, day, kind, campaign_id, mailbox_id)
DO UPDATE SET count = ledger_daily_tally.count + EXCLUDED.count
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, named by the ids of what it is about."""

    workspace_id: int
    kind: EventKind
    at: datetime
    campaign_id: int | None = None
    contact_id: int | None = None
    enrollment_id: int | None = None
    mailbox_id: int | None = None
    message_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record(entries: Sequence[Entry]) -> None:
    """Add the events and raise their tallies. Must run inside the transaction of what they tell of.

    The tallies are touched in one order, so that two workers never wait for each other in a circle.
    """
    if not entries:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("ledger.record must run inside the transaction of what it tells of")
    copy_rows("ledger_event", _COLUMNS, map(_row, entries))
    zones = _zones({entry.workspace_id for entry in entries})
    counts = Counter(
        (
            entry.workspace_id,
            entry.at.astimezone(zones[entry.workspace_id]).date(),
            entry.kind.value,
            entry.campaign_id or 0,
            entry.mailbox_id or 0,
        )
        for entry in entries
    )
    ordered = sorted(counts)
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*ordered, strict=True)]
        cursor.execute(_UPSERT, [*columns, [counts[key] for key in ordered]])


def _row(entry: Entry) -> tuple[object, ...]:
    """Return an event's row, in the order of _COLUMNS."""
    return (
        entry.workspace_id, entry.at, entry.kind.value, entry.campaign_id, entry.contact_id, entry.enrollment_id,
        entry.mailbox_id, entry.message_id, Jsonb(entry.data),
    )  # fmt: skip


def _zones(workspace_ids: set[int]) -> dict[int, ZoneInfo]:
    rows = Workspace.objects.filter(pk__in=workspace_ids).values_list("pk", "time_zone")
    return {pk: ZoneInfo(name) for pk, name in rows}
