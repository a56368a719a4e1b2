"""Closed days by name: merged from what is typed and from public holidays, and told where they hold somebody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import (
    ClosedSpan,
    Never,
    Region,
    Schedule,
    Window,
    closed_names,
    closed_parts,
    ending_before_plans,
    next_closed,
    next_open,
    outside_words,
)
from campaigns.calendar.regions import known_until

pytestmark = pytest.mark.usefixtures("each_server_zone")

BERLIN = ZoneInfo("Europe/Berlin")
GOOD_FRIDAY = date(2026, 4, 3)
WEEK = tuple(Window(day, 540, 1020) for day in range(1, 6))
OUTSIDE = "Outside the sending window in Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def easter() -> Schedule:
    names = closed_names([ClosedSpan(date(2026, 4, 7), date(2026, 4, 7))], [Region("DE")], year=2026)
    return Schedule(WEEK, frozenset(names), names)


def test_holidays_that_end_before_the_years_of_a_plan_are_named_with_their_last_year() -> None:
    announced, reckoned = Region("LK"), Region("DE")
    last = known_until(announced)
    assert closed_names([], [announced], year=last + 2) == {}, "nothing is known, and nothing is closed"
    told = [("Sri Lanka", last)]
    assert ending_before_plans([announced, reckoned, Region("XX")], year=last - 2) == told
    assert ending_before_plans([announced, reckoned, Region("XX")], year=last - 3) == []


def test_days_of_several_sources_keep_each_name_once() -> None:
    spans = [ClosedSpan(GOOD_FRIDAY, date(2026, 4, 4), "Spring break"), ClosedSpan(GOOD_FRIDAY, GOOD_FRIDAY)]
    names = closed_names(spans, [Region("DE"), Region("GB", "ENG"), Region("DE")], year=2026)
    assert names[GOOD_FRIDAY] == "Spring break; Good Friday (Germany; United Kingdom, England)"
    assert names[date(2026, 4, 4)] == "Spring break"
    assert names[date(2026, 5, 1)] == "Labor Day (Germany)"
    assert list(names) == sorted(names)
    assert closed_names([ClosedSpan(GOOD_FRIDAY, GOOD_FRIDAY)], [], year=2026) == {GOOD_FRIDAY: ""}


def test_many_regions_are_counted_and_not_all_named() -> None:
    regions = [Region(code) for code in ("AT", "BE", "DE", "FR", "IT")]
    assert (
        closed_names([], regions, year=2026)[date(2026, 1, 1)]
        == "New Year's Day (Austria; Belgium; Germany and 2 more)"
    )


def test_public_holidays_reach_from_the_year_before_to_three_years_on() -> None:
    years = {day.year for day in closed_names([], [Region("DE")], year=2026)}
    assert years == {2025, 2026, 2027, 2028, 2029}


def test_the_next_days_begin_with_today() -> None:
    names = {GOOD_FRIDAY: "b", date(2026, 4, 2): "a", date(2026, 4, 6): "c", date(2027, 1, 1): "d"}
    assert next_closed(names, GOOD_FRIDAY, most=2) == [(GOOD_FRIDAY, "b"), (date(2026, 4, 6), "c")]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-04-01T22:30", f"{OUTSIDE}."),  # the night before Thursday
        (
            "2026-04-02T16:00",  # Thursday evening: Friday is still to come
            f"{OUTSIDE}; then closed: Good Friday (Germany), Easter Monday (Germany), 2026-04-07.",
        ),
        ("2026-04-02T22:00", "Closed: Good Friday (Germany)."),  # midnight in Berlin
        ("2026-04-03T10:00", "Closed: Good Friday (Germany)."),
        ("2026-04-04T10:00", f"{OUTSIDE}; then closed: Easter Monday (Germany), 2026-04-07."),  # a Saturday
        ("2026-04-06T21:59", "Closed: Easter Monday (Germany)."),
        ("2026-04-07T10:00", "Closed on 2026-04-07."),
        ("2026-04-08T16:00", f"{OUTSIDE}."),
    ],
)
def test_an_instant_outside_of_the_windows_is_told_with_what_closes(at: str, words: str) -> None:
    schedule, now = easter(), utc(at)
    opens = next_open(schedule, BERLIN, now)
    assert not isinstance(opens, Never)
    assert opens > now
    assert outside_words(schedule, BERLIN, "Europe/Berlin", now, opens) == words


def test_a_long_row_of_closed_days_is_counted() -> None:
    days = {date(2026, 4, day): f"day {day}" for day in range(1, 11)}
    schedule, now = Schedule(WEEK, frozenset(days), days), utc("2026-03-31T20:00")
    words = outside_words(schedule, BERLIN, "Europe/Berlin", now, utc("2026-04-13T07:00"))
    assert words == f"{OUTSIDE}; then closed: day 1, day 2, day 3 and 5 more days."


def test_closed_days_are_cut_out_of_a_span() -> None:
    begin, end = utc("2026-04-02T15:00"), utc("2026-04-06T07:00")
    assert list(closed_parts(easter(), BERLIN, begin, end)) == [
        (utc("2026-04-02T22:00"), utc("2026-04-03T22:00"), GOOD_FRIDAY),
        (utc("2026-04-05T22:00"), utc("2026-04-06T07:00"), date(2026, 4, 6)),
    ]
    assert list(closed_parts(Schedule(WEEK), BERLIN, begin, end)) == []


def test_names_make_no_other_schedule() -> None:
    one, other = Schedule(WEEK, frozenset({GOOD_FRIDAY}), {GOOD_FRIDAY: "a"}), Schedule(WEEK, frozenset({GOOD_FRIDAY}))
    assert one == other
    assert hash(one) == hash(other)
