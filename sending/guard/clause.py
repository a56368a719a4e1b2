"""The guard's question in the statements that let something be sent: asked anew each time, by the database."""

from __future__ import annotations

from typing import Any

from sending.guard.notes import key

# A condition for a WHERE, with the parameters of params().
MAY_SEND = """
(%(installation)s::uuid IS NULL AND NOT EXISTS (SELECT FROM guard_installation)
 OR EXISTS (SELECT FROM guard_installation g
             WHERE g.installation = %(installation)s AND g.head >= %(head)s::bigint AND NOT g.is_paused))
"""
STANDS_STILL = "sending stands still until an owner has confirmed this database"


def params() -> dict[str, Any]:
    """Return this process's part of the question."""
    mine = key()
    return {"installation": mine.installation, "head": mine.head}
