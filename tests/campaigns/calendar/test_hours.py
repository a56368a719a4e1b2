"""The windows of a day as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import HoursProblem, hours_text, parse_hours

pytestmark = pytest.mark.usefixtures("each_server_zone")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        (" \t", ()),
        ("9-17", ((540, 1020),)),
        ("09:00-12:00, 13:00-17:30", ((540, 720), (780, 1050))),
        ("13.00 \u2013 17.30; 9h00 to 12", ((540, 720), (780, 1050))),
        ("9am-5pm", ((540, 1020),)),
        ("12am-12pm and 12:30 p.m. until 11:59 p.m.", ((0, 720), (750, 1439))),
        ("22:00-24:00", ((1320, 1440),)),
        ("22-00:00", ((1320, 1440),)),
        ("0-24", ((0, 1440),)),
        ("All day", ((0, 1440),)),
        ("9-12,12-17", ((540, 720), (720, 1020))),
        ("8:59-9:00", ((539, 540),)),
    ],
)
def test_hours_are_read_as_they_are_meant(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert parse_hours(text) == spans


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9", "is no window"),
        ("9-", "is no window"),
        ("nine-five", "“nine” is no time"),
        ("9-17-18", "is no time"),
        ("24:00-24:00", "is empty"),
        ("00:00-00:60", "is no time"),
        ("9-24:01", "a day goes from 00:00 to 24:00"),
        ("13pm-14pm", "with pm an hour is 1 to 12"),
        ("0am-1am", "with am an hour is 1 to 12"),
        ("22-2", "22:00-24:00 here and 00:00-02:00 on the day after"),
        ("9-12, 9-12", "overlap"),
        ("9-17, 11-12", "09:00-17:00 and 11:00-12:00 overlap"),
        ("\u0669-\u0661\u0667", "is no time"),  # digits of another script
        ("9-10," * 60, "too long"),
    ],
)
def test_what_is_wrong_with_hours_is_told_with_the_piece(text: str, words: str) -> None:
    with pytest.raises(HoursProblem) as refused:
        parse_hours(text)
    assert words in str(refused.value)


@given(st.lists(st.integers(0, 1440), min_size=2, max_size=12, unique=True))
def test_hours_that_are_written_are_read_as_the_same(minutes: list[int]) -> None:
    edges = sorted(minutes)
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    assert parse_hours(hours_text(spans)) == spans


@given(st.text(max_size=210))
def test_any_text_is_hours_or_a_problem(text: str) -> None:
    try:
        spans = parse_hours(text)
    except HoursProblem:
        return
    assert all(0 <= start < end <= 1440 for start, end in spans)
