"""A PostgreSQL session lock: held without a transaction, freed by the server when the connection ends.

It needs no heartbeat and cannot lie: whoever was killed holds it no longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def tried(space: int, number: int) -> Iterator[bool]:
    """Hold the lock while the block lasts; yields False when another session has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [space, number])
        (held,) = cursor.fetchone()
    try:
        yield bool(held)
    finally:
        if held:
            release(space, number)


def release(space: int, number: int) -> None:
    """Give a lock back. A connection that was lost has freed it already, and must not hide what broke it."""
    if not is_lost():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [space, number])


def is_lost() -> bool:
    """Say whether the connection, and what its session held, is gone."""
    return connection.connection is None or connection.connection.broken
