"""Tell a database that is away, or has ended our session, from a statement that is wrong."""

from __future__ import annotations

from django.db import InterfaceError, InternalError, OperationalError
from psycopg.errors import DeadlockDetected, IdleInTransactionSessionTimeout


def is_away(error: BaseException) -> bool:
    """Say whether the same may succeed on a new connection: nothing of what was begun has been done.

    A session that stood still inside a transaction is ended by the server (outreach/settings.py); Django calls that
    an internal error of the database, as it does with a damaged one.
    """
    if isinstance(error, InternalError):
        return isinstance(error.__cause__, IdleInTransactionSessionTimeout)
    return isinstance(error, OperationalError | InterfaceError)


def gave_way(error: BaseException) -> bool:
    """Say whether the transaction was undone because it and another one waited for each other."""
    return isinstance(error.__cause__, DeadlockDetected)
