"""A session that stood still inside a transaction is ended, and whoever meets that knows what it means."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import Error, connection, transaction

from outreach.env import env
from outreach.kit.away import is_away
from tests.outreach.kit.frozen import stand_still

pytestmark = pytest.mark.django_db(transaction=True)


def raised_by(statement: str, *, before: Callable[[], None] = lambda: None) -> Error:
    with pytest.raises(Error) as caught:
        _run(statement, before)
    return caught.value


@transaction.atomic
def _run(statement: str, before: Callable[[], None]) -> None:
    before()
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_no_session_stands_still_inside_a_transaction_for_longer_than_a_lease() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
        assert cursor.fetchone() == (max(env().lease_s, 30) * 1000,)


def test_a_session_that_was_ended_means_the_database_is_away_and_the_next_one_works() -> None:
    assert is_away(raised_by("SELECT 1", before=stand_still))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("statement", ["SELECT 1/0", "SELECT * FROM no_such_table", "SELECT 'x'::int"])
def test_a_statement_that_is_wrong_does_not_mean_that(statement: str) -> None:
    assert not is_away(raised_by(statement))


def test_an_internal_error_of_the_database_does_not_mean_that() -> None:
    error = raised_by("DO $$ BEGIN RAISE EXCEPTION 'damaged' USING ERRCODE = 'XX001'; END $$")
    assert type(error).__name__ == "InternalError"
    assert not is_away(error)
