"""Write events and count them, in one transaction with what they tell of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from outreach.kit import statements
from outreach.kit.rows import FEW, copy_rows, insert_few
from sending.ledger.days import local_day
from sending.ledger.kinds import EventKind, How

_COLUMNS = (
    "workspace_id", "at", "kind", "campaign_id", "contact_id", "enrollment_id", "mailbox_id", "message_id", "data",
)  # fmt: skip
_ZONE = "workspace_id, (SELECT w.time_zone FROM accounts_workspace w WHERE w.id = workspace_id)"
_ZONES = "SELECT id, time_zone FROM accounts_workspace WHERE id = ANY(%s::bigint[])"
_TALLY_COLUMNS = ("workspace_id", "day", "kind", "campaign_id", "mailbox_id", "how", "count", "is_fresh")
# Only one fold runs at a time, and nobody else touches what it touches: added parts are new rows.
_FOLD_LOCK = 0x6F1D
_FOLD = """
WITH taken AS (
    DELETE FROM ledger_daily_tally
     WHERE id = ANY(ARRAY(SELECT id FROM ledger_daily_tally WHERE is_fresh LIMIT %s))
    RETURNING workspace_id, day, kind, campaign_id, mailbox_id, how, count
), added AS (
    INSERT INTO ledger_daily_tally (workspace_id, day, kind, campaign_id, mailbox_id, how, count, is_fresh)
    SELECT workspace_id, day, kind, campaign_id, mailbox_id, how, sum(count), false FROM taken GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (workspace_id, day, kind, campaign_id, mailbox_id, how) WHERE NOT is_fresh
    DO UPDATE SET count = ledger_daily_tally.count + EXCLUDED.count
)
SELECT count(*) FROM taken
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
    how: How = How.PLAIN  # kept in data, too


def record(entries: Sequence[Entry]) -> None:
    """Add the events and their parts of the tallies. Must run inside the transaction of what they tell of.

    It only adds rows, so it waits for nobody, however often and in whatever order a transaction calls it.
    """
    if not entries:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("ledger.record must run inside the transaction of what it tells of")
    zones = _add(entries)
    counts = Counter(
        (
            entry.workspace_id,
            local_day(entry.at, zones[entry.workspace_id]),
            entry.kind.value,
            entry.campaign_id or 0,
            entry.mailbox_id or 0,
            entry.how.value,
        )
        for entry in entries
    )
    copy_rows("ledger_daily_tally", _TALLY_COLUMNS, ((*key, count, True) for key, count in counts.items()))


def fold(*, most: int = 10_000) -> int:
    """Make one part of the fresh parts of each tally; the sums stay. Returns how many were folded.

    Safe to run anywhere, any number of times at once. Where it never runs, sums are right and only cost more.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_FOLD_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_FOLD, [most])
        return int(cursor.fetchone()[0])


def _row(entry: Entry) -> tuple[object, ...]:
    """Return an event's row, in the order of _COLUMNS."""
    data = {**entry.data, "how": entry.how.value} if entry.how else entry.data
    return (
        entry.workspace_id, entry.at, entry.kind.value, entry.campaign_id, entry.contact_id, entry.enrollment_id,
        entry.mailbox_id, entry.message_id, Jsonb(data),
    )  # fmt: skip


def _add(entries: Sequence[Entry]) -> dict[int, ZoneInfo]:
    """Add the events; return the zones of their workspaces, in the same trip where there are few."""
    rows = [_row(entry) for entry in entries]
    if len(rows) <= FEW:
        zones = insert_few("ledger_event", _COLUMNS, rows, returning=_ZONE)
    else:
        copy_rows("ledger_event", _COLUMNS, rows)
        zones = statements.run(_ZONES, [list({entry.workspace_id for entry in entries})])
    return {pk: ZoneInfo(name) for pk, name in zones}
