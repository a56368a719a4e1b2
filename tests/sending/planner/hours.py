"""Virtual time for the database: now() is what the test says, so that days of sending pass in a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection

_CLOCKS = ("now", "clock_timestamp", "statement_timestamp")
# pg_catalog is searched first unless it is named: named last, our functions come before its own.
_PATH = "SET search_path = virtual, public, pg_catalog"


@contextmanager
def virtual_time() -> Iterator[None]:
    """Let the clocks of this session's database show what set_time() says. Use it inside a transaction only."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA virtual")
        for name in _CLOCKS:
            cursor.execute(
                f"CREATE FUNCTION virtual.{name}() RETURNS timestamptz STABLE LANGUAGE sql"
                " AS $$ SELECT current_setting('virtual.now')::timestamptz $$"
            )
        cursor.execute(_PATH)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute("DROP SCHEMA virtual CASCADE")


def set_time(at: datetime) -> None:
    """Set the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('virtual.now', %s, false)", [at.isoformat()])
