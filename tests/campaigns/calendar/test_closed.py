"""Closed days as they are written: spans with names, told again as they were, refused with their line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import ClosedProblem, ClosedSpan, closed_text, parse_closed

pytestmark = pytest.mark.usefixtures("each_server_zone")

CHRISTMAS = date(2026, 12, 25)
NEW_YEAR = date(2027, 1, 1)


def test_a_day_and_a_span_with_and_without_a_name() -> None:
    text = "2027-01-01\n\n 2026-12-24..2026-12-26  Christmas \n2026-5-1 to 2026-05-02 Labour day\n2027-01-01\n"
    assert parse_closed(text) == (
        ClosedSpan(date(2026, 5, 1), date(2026, 5, 2), "Labour day"),
        ClosedSpan(date(2026, 12, 24), date(2026, 12, 26), "Christmas"),
        ClosedSpan(NEW_YEAR, NEW_YEAR),
    )
    assert list(ClosedSpan(date(2026, 12, 31), NEW_YEAR).days()) == [date(2026, 12, 31), NEW_YEAR]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-12-25\nChristmas", "Line 2: write a day as 2026-12-25, or days as 2026-12-24..2027-01-01."),
        ("25.12.2026", "Line 1: write a day as 2026-12-25, or days as 2026-12-24..2027-01-01."),
        ("2027-02-29", "Line 1: there is no day 2027-02-29."),
        ("2027-01-02..2027-01-01", "Line 1: 2027-01-01 comes before 2027-01-02."),
        ("2026-01-01..2027-01-02", "Line 1: more than a year at once; pause the campaign instead."),
        ("\n".join(f"2026-01-01 {n}" for n in range(201)), "201 lines are too many: 200 at most."),
    ],
)
def test_what_is_no_day_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ClosedProblem) as refused:
        parse_closed(text)
    assert str(refused.value) == words


DAYS = st.dates(date(1000, 1, 1), date(9000, 1, 1))


@given(st.lists(st.tuples(DAYS, st.integers(0, 365), st.sampled_from(["", "May"]))))
def test_what_is_written_is_read_again(rows: list[tuple[date, int, str]]) -> None:
    spans = {ClosedSpan(day, date.fromordinal(day.toordinal() + length), name) for day, length, name in rows}
    assert set(parse_closed(closed_text(spans))) == spans
