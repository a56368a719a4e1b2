"""Numbers, shares and times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit import words

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=-4), "in a moment"),
        (timedelta(seconds=59, milliseconds=900), "59 s ago"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=-59, seconds=-59), "in 59 min"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "25 Oct"),
        (timedelta(days=-60), "23 Jan 2027"),
    ],
)
def test_an_instant_is_told_from_now(gap: timedelta, text: str) -> None:
    assert words.ago(NOW - gap, NOW) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),  # noqa: RUF001
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (1, 3000, "< 0.1 %"),
        (2999, 3000, "> 99.9 %"),
        (24, 1284, "1.9 %"),
        (500, 1284, "39 %"),
    ],
)
def test_a_share_is_short_and_honest(part: int, whole: int, text: str) -> None:
    assert words.percent(part, whole) == text


@given(part=st.integers(1, 10**9), rest=st.integers(1, 10**9))
def test_something_is_never_nothing_and_never_everything(part: int, rest: int) -> None:
    assert words.percent(part, part + rest) not in {"0 %", "0.0 %", "100 %", "100.0 %"}


def test_a_rate_shows_its_denominator() -> None:
    assert words.rate(24, 1284) == "1.9 % of 1,284"


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "contact", "1 contact"), (1204, "contact", "1,204 contacts"), (0, "reply,replies", "0 replies")],
)
def test_a_count_agrees_with_its_noun(count: int, noun: str, text: str) -> None:
    assert words.plural(count, noun) == text


def test_numbers_have_their_thousands_apart() -> None:
    assert [words.number(value) for value in (0, 12300, 2.0, 1234.56)] == ["0", "12,300", "2", "1,234.6"]


def test_a_moment_is_told_on_the_clock_of_a_zone() -> None:
    assert words.moment(NOW, ZoneInfo("Europe/Berlin")) == "Tue 24 Nov 2026, 15:00:00 CET"
