"""Run fixed statements prepared: the server parses and plans each once on a connection, not once a call.

Django puts the values into the text of a statement, so that PostgreSQL reads, parses and plans it anew each time: for
the statements that carry each message, that cost more than what they do. The values go beside the text here, arrays
of a whole batch too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.types.datetime import TimestamptzLoader

_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
_MOST_KEPT = 1_000  # rows of an answer that lives until the next one
_Row = tuple[Any, ...]


class _Kept(threading.local):
    """The thread's cursor between two statements: to make one costs as much as to use it."""

    cursor: Cursor[_Row] | None = None


_kept = _Kept()


def run(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one of our own statements in the caller's transaction, if there is one; return its rows, if it has any.

    statement is a constant of the house: each text stays prepared on the connection until that ends or something on it
    is rolled back. A list is an array, whose type stands in the statement (%s::bigint[]). Raises Django's database
    errors.
    """
    using = connections[DEFAULT_DB_ALIAS]  # once: Django's `connection` looks it up at each access
    using.ensure_connection()
    with using.wrap_database_errors:
        cursor = _cursor_of(using)
        if using.execute_wrappers:
            _execute_watched(using, cursor, statement, values)
        else:
            cursor.execute(statement, _with_arrays(values), prepare=True)
        if using.queries_logged:
            using.queries_log.append({"sql": statement, "time": "0"})
        # not `description`, which makes an object of each column
        rows = cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
        if len(rows) <= _MOST_KEPT:
            _kept.cursor = cursor
        return rows


def _cursor_of(using: BaseDatabaseWrapper) -> Cursor[_Row]:
    """Return the thread's cursor, which is nobody's else until it is put back, or a new one."""
    cursor, _kept.cursor = _kept.cursor, None
    if cursor is None or cursor.connection is not using.connection:
        cursor = Cursor(using.connection, row_factory=tuple_row)
        # psycopg's own reads an instant at a fraction of what Django's costs, and as the same: the session is in UTC
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
    return cursor


def _execute_watched(
    using: BaseDatabaseWrapper, cursor: Cursor[_Row], statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> None:
    """Execute by way of whoever watches Django's cursors."""
    executor: Callable[..., None] = _execute
    for wrapper in reversed(using.execute_wrappers):
        executor = partial(wrapper, executor)
    executor(statement, _with_arrays(values), False, {"connection": using, "cursor": cursor})  # Django's own order


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
