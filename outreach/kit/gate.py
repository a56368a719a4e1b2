"""The lock between "write to this person" and "never write to this person", so that the later always wins.

Marking a message as about to leave holds the workspace's gate shared; a stop, an opt-out or a suppression holds it
alone. Whichever commits first is seen by the other: no message is marked after a stop has been acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from outreach.kit import statements

_SPACE = 0x6A7E  # our own number space among PostgreSQL's advisory locks
# unnest keeps their order, the same for everybody
_OPEN = "SELECT pg_advisory_xact_lock_shared(%s::integer, id) FROM unnest(%s::integer[]) AS wanted(id)"
HOLD_SHUT = f"SELECT pg_advisory_xact_lock({_SPACE}, %s)"


def hold_open(workspace_ids: Iterable[int]) -> None:
    """Hold the gates shared until the end of the transaction; take it before the statement that reads the facts."""
    statements.run(_OPEN, [_SPACE, sorted(set(workspace_ids))])


def hold_shut(workspace_id: int) -> None:
    """Hold the gate alone until the end of the transaction; take it before anything else is written."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_SHUT, [workspace_id])
