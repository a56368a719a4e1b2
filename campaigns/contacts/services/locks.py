"""Who runs an import: a session lock, which stays while a long merge runs, and is gone with a killed worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection

from outreach.kit import session_lock, statements

# Our own number spaces among PostgreSQL's advisory locks. A test holds all of the program apart.
IMPORTS, DRY_RUNS, MERGES = 0x6A7F, 0x6A81, 0x6A82
# A worker whose machine vanished is noticed within about 35 s instead of PostgreSQL's two hours (no effect on
# sockets).
_KEEPALIVE = {"tcp_keepalives_idle": 20, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}


@contextmanager
def running(import_id: int, space: int = IMPORTS) -> Iterator[bool]:
    """Hold the lock of this import or dry run while the block lasts; yields False when another session has it."""
    with session_lock.tried(space, import_id) as held:
        if not held:
            yield False
            return
        _set(_KEEPALIVE)
        try:
            yield True
        finally:
            if not session_lock.is_lost():
                _set(dict.fromkeys(_KEEPALIVE, "DEFAULT"))


def running_imports(space: int = IMPORTS) -> frozenset[int]:
    """Return the ids of all imports, or dry runs, that some session holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objsubid = 2 AND l.granted"
            " AND d.datname = current_database()",
            [space],
        )
        return frozenset(row[0] for row in cursor.fetchall())


def hold_for_merge(workspace_id: int) -> None:
    """Keep undos of the workspace out until the end of the transaction; before the statement that asks who is known.

    A merge neither locks nor changes the known people who stay as they are, so an undo beside it would not see that
    they stand in a later file, and would remove them.
    """
    statements.run(_SHARED, [MERGES, workspace_id])


def hold_for_undo(workspace_id: int) -> None:
    """Keep merges and other undos of the workspace out until the end of the transaction; before anything is read."""
    statements.run(_ALONE, [MERGES, workspace_id])


_SHARED = "SELECT pg_advisory_xact_lock_shared(%s::integer, %s::integer)"
_ALONE = "SELECT pg_advisory_xact_lock(%s::integer, %s::integer)"


def _set(values: Mapping[str, object]) -> None:
    with connection.cursor() as cursor:
        for name, value in values.items():
            cursor.execute(f"SET {name} = {value}")
