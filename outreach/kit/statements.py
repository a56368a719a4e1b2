"""Run fixed statements prepared: the server parses and plans each once on a connection, not once a call.

Django puts the values into the text of a statement, so that PostgreSQL reads, parses and plans it anew each time: for
the statements that carry each message, that cost more than what they do. The values go beside the text here, arrays
of a whole batch too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import Cursor
from psycopg.rows import tuple_row

_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"


def run(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one of our own statements in the caller's transaction, if there is one; return its rows, if it has any.

    statement is a constant of the house: each text stays prepared on the connection until that ends or something on it
    is rolled back. A list is an array, whose type stands in the statement (%s::bigint[]). Raises Django's database
    errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection, row_factory=tuple_row) as cursor:
        executor: Callable[..., None] = _execute
        for wrapper in reversed(connection.execute_wrappers):  # whoever watches Django's cursors watches this one
            executor = partial(wrapper, executor)
        executor(statement, _with_arrays(values), False, {"connection": connection, "cursor": cursor})  # Django's own
        if connection.queries_logged:
            connection.queries_log.append({"sql": statement, "time": "0"})
        return cursor.fetchall() if cursor.description else []


def commit_durably() -> None:
    """Have the caller's transaction survive a crash of PostgreSQL once it is committed, whatever the settings say."""
    run(_DURABLE)


def _execute(statement: str, values: Any, many: bool, context: dict[str, Any]) -> None:  # noqa: ARG001, FBT001
    context["cursor"].execute(statement, values, prepare=True)


def _with_arrays(values: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
    """Return the values with lists as arrays' texts: psycopg looks at each element for its type, which costs more."""
    if isinstance(values, Mapping):
        return {name: array(value) if isinstance(value, list) else value for name, value in values.items()}
    return [array(value) if isinstance(value, list) else value for value in values]


def array(values: list[Any]) -> str:
    """Return the text of an array of one dimension (PostgreSQL 8.15.6). Raises TypeError for what no element can be."""
    return "{" + ",".join([(_TEXTS.get(type(value)) or _text_of(value))(value) for value in values]) + "}"


def _text_of(value: object) -> Callable[[Any], str]:
    """Return what makes the text of a value whose class is derived from one that is known, as that of an enum is."""
    for known, text in _TEXTS.items():
        if isinstance(value, known):
            return text
    raise TypeError(f"no element of an array: {value!r}")


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "t" if value else "f",
    int: int.__repr__,
    float: float.__repr__,
    str: _quoted,
    UUID: str,
    datetime: lambda value: f'"{value.isoformat()}"',
}
