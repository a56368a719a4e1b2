"""Whether a session waits for another one: asked of the test's own database, the cluster has others beside it."""

from __future__ import annotations

from django.db import connection

_WAITING = """
SELECT count(*) FROM pg_locks w JOIN pg_locks o ON o.pid = w.pid JOIN pg_database d ON d.oid = o.database
WHERE NOT w.granted AND d.datname = current_database() AND w.locktype LIKE %s
"""


def somebody_waits_for_a_gate() -> bool:
    """Say whether a session of the test's database waits for an advisory lock."""
    return _somebody_waits_for("advisory")


def somebody_waits_for_a_row() -> bool:
    """Say whether one waits for the end of a transaction that has changed or locked a row."""
    return _somebody_waits_for("transactionid")


def somebody_waits() -> bool:
    """Say whether one waits for a lock of any kind."""
    return _somebody_waits_for("%")


def _somebody_waits_for(kind: str) -> bool:
    with connection.cursor() as cursor:  # pg_stat_activity would stay as it is for a whole transaction
        cursor.execute(_WAITING, [kind])
        return bool(cursor.fetchone()[0])
