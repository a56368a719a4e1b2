"""Add rows past the models: a fraction of what model instances cost, under the same constraints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from outreach.kit import statements

# So many go beside a prepared INSERT, in one trip to the server; more are cheaper through COPY, which takes three.
FEW = 4
_NEXT = "SELECT nextval(pg_get_serial_sequence(%s::text, 'id')) FROM generate_series(1, %s::integer)"


def reserve_ids(table: str, count: int) -> list[int]:
    """Return fresh ids of the table's sequence, so that rows may be named before they are written."""
    return [pk for (pk,) in statements.run(_NEXT, [table, count])]


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add all rows at once; a row that breaks a constraint undoes them all. table and columns are our own words.

    Raises Django's database errors.
    """
    found = list(rows)
    if len(found) <= FEW:
        insert_few(table, columns, found)
        return
    whole = f"COPY {table} ({_names(columns)}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(whole) as copy:
        for row in found:
            copy.write_row(row)


def insert_few(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, returning: str = ""
) -> list[tuple[Any, ...]]:
    """Add FEW rows at most in one trip; return for each what `returning` says, our own words too.

    Raises Django's database errors.
    """
    if not rows:
        return []
    places = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in rows)
    values = [_without_type(value) for row in rows for value in row]
    words = f"INSERT INTO {table} ({_names(columns)}) VALUES {places}"  # noqa: S608  # our own words
    return statements.run(f"{words} RETURNING {returning}" if returning else words, values)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _without_type(value: Any) -> Any:
    """Return a value as the column reads it: a number's type would hang on its size, and make further statements."""
    match value:
        case bool():
            return value
        case int() | UUID():
            return str(value)
        case date():  # an instant is one, too
            return value.isoformat()
        case _:
            return value
