"""Run fixed statements prepared: the server parses and plans each once on a connection, not once a call.

Django puts the values into the text of a statement, so that PostgreSQL reads, parses and plans it anew each time: for
the statements that carry each message, that cost more than what they do. The values go beside the text here, arrays
of a whole batch too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection
from psycopg import Cursor
from psycopg.rows import tuple_row

_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"


def run(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one of our own statements in the caller's transaction, if there is one; return its rows, if it has any.

    statement is a constant of the house: each text stays prepared on the connection as long as that lasts. Arrays
    need a cast (%s::bigint[]), since an empty one says nothing about its type. Raises Django's database errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection, row_factory=tuple_row) as cursor:
        executor: Callable[..., None] = _execute
        for wrapper in reversed(connection.execute_wrappers):  # whoever watches Django's cursors watches this one
            executor = partial(wrapper, executor)
        executor(statement, values, False, {"connection": connection, "cursor": cursor})  # Django's own
        if connection.queries_logged:
            connection.queries_log.append({"sql": statement, "time": "0"})
        return cursor.fetchall() if cursor.description else []


def commit_durably() -> None:
    """Have the caller's transaction survive a crash of PostgreSQL once it is committed, whatever the settings say."""
    run(_DURABLE)


def _execute(statement: str, values: Any, many: bool, context: dict[str, Any]) -> None:  # noqa: ARG001, FBT001
    context["cursor"].execute(statement, values, prepare=True)
