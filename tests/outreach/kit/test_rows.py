"""Few rows and many are added alike, under the constraints of their table."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from outreach.kit.rows import copy_rows

pytestmark = pytest.mark.django_db
COLUMNS = ("id", "key", "at", "said", "is_good", "words")


@pytest.fixture(autouse=True)
def _table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE rows_kept (id bigint PRIMARY KEY, key uuid, at timestamptz, said jsonb,"
            " is_good boolean, words varchar(20)) ON COMMIT DROP"
        )


def row(pk: int) -> tuple[object, ...]:
    key, at = UUID(int=pk), datetime(2027, 3, 22, 8, 0, 0, 123_456, tzinfo=UTC)
    return pk, key, at if pk % 2 else None, Jsonb({"n": pk, "word": 'ä"\\'}), pk % 2 == 0, "tab\tand {brace}"


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_what_is_added_is_what_was_given(count: int) -> None:
    given = [row(1 << (16 * number % 60)) if number else row(0) for number in range(count)]
    copy_rows("rows_kept", COLUMNS, given)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, key, at, said->>'word', is_good, words FROM rows_kept ORDER BY id")
        kept = cursor.fetchall()
    assert kept == sorted((pk, key, at, 'ä"\\', is_good, words) for pk, key, at, _, is_good, words in given)


@pytest.mark.parametrize("count", [2, 6])
def test_one_that_breaks_a_constraint_undoes_all(count: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows("rows_kept", COLUMNS, [row(1) for _ in range(count)])
