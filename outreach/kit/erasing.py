"""Take a person out of rows that otherwise never change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# What the triggers of append-only tables look at.
_SET = "SELECT set_config('outreach.erasing', %s, true)"


@contextmanager
def allowed() -> Iterator[None]:
    """Let the block, a transaction of its own or part of one, change append-only rows. Only an erasure has a reason."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SET, ["on"])
        yield
        cursor.execute(_SET, ["off"])
