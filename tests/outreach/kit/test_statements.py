from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.utils import DataError
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit import clock, statements

pytestmark = pytest.mark.django_db

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


class Colour(StrEnum):
    RED = "red"


@given(st.lists(st.none() | _TEXT))
def test_texts_come_back_from_an_array_as_they_are(values: list[str | None]) -> None:
    assert statements.run("SELECT %s::text[]", [values]) == [(values,)]


@given(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.none() | st.uuids()),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.floats(allow_nan=False)),
    st.lists(st.none() | st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC))),  # noqa: DTZ001  # UTC is given
)
def test_values_of_every_kind_come_back_from_an_array_as_they_are(
    numbers: list[int], uuids: list[UUID], flags: list[bool], floats: list[float], instants: list[datetime]
) -> None:
    asked = "SELECT %(n)s::bigint[], %(u)s::uuid[], %(b)s::boolean[], %(f)s::float8[], %(t)s::timestamptz[]"
    values = {"n": numbers, "u": uuids, "b": flags, "f": floats, "t": instants}
    assert statements.run(asked, values) == [(numbers, uuids, flags, floats, instants)]


def test_an_enums_member_is_its_value() -> None:
    assert statements.run("SELECT %s::text[]", [[Colour.RED]]) == [(["red"],)]


def test_what_is_no_element_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"no element of an array: \{\}"):
        statements.run("SELECT %s::text[]", [[{}]])


def test_a_nul_is_the_databases_error() -> None:
    with pytest.raises(DataError):
        statements.run("SELECT %s::text[]", [["a\0b"]])


def test_a_text_stays_prepared_on_its_connection() -> None:
    for _ in range(2):
        statements.run("SELECT 'once', %s::bigint[]", [[1]])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT ''once''%'")
        assert cursor.fetchone() == (1,)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # UTC is given
def test_an_instant_read_as_seconds_is_the_same_to_the_microsecond(at: datetime) -> None:
    [(seconds,)] = statements.run("SELECT extract(epoch FROM %s::timestamptz)::float8", [at])
    assert clock.instant(seconds) == at


def test_whoever_watches_may_run_statements_of_their_own() -> None:
    seen: list[str] = []

    def watch(execute: Any, sql: str, *further: Any) -> None:
        execute(sql, *further)
        if not seen:
            seen.append(sql)
            assert statements.run("SELECT 'beside'") == [("beside",)]

    with connection.execute_wrapper(watch):
        assert statements.run("SELECT 1, 'watched'") == [(1, "watched")]
    assert seen == ["SELECT 1, 'watched'"]


def test_a_statement_that_failed_leaves_nothing_to_the_next_one() -> None:
    with pytest.raises(DataError), transaction.atomic():
        statements.run("SELECT %s::text::integer", ["x"])
    assert statements.run("SELECT 1") == [(1,)]
    assert statements.run("UPDATE accounts_workspace SET name = name WHERE id < 0") == []


def test_an_instant_is_read_as_django_reads_it() -> None:
    [(ours,)] = statements.run("SELECT '2026-03-29 01:30:00.000001+00'::timestamptz")
    with connection.cursor() as cursor:
        cursor.execute("SELECT '2026-03-29 01:30:00.000001+00'::timestamptz")
        (theirs,) = cursor.fetchone()
    assert (ours, ours.tzinfo) == (theirs, theirs.tzinfo)
