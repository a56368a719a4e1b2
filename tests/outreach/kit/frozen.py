"""What a stopped process or a frozen machine does inside a transaction: nothing, until the server ends its session."""

from __future__ import annotations

import select

from django.db import connection


def stand_still() -> None:
    """Leave the transaction of this thread's connection alone until its session has been ended for that."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
    assert connection.connection is not None
    readable, _, _ = select.select([connection.connection.fileno()], [], [], 10)
    assert readable, "the session was not ended"
