"""The windows to come, and what a change of the clock does to them, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import Never, Schedule, Window, coming_days, is_open, next_clock_change, next_open

pytestmark = pytest.mark.usefixtures("each_server_zone")

BERLIN = ZoneInfo("Europe/Berlin")
TWO_A_DAY = Schedule(tuple(Window(day, *span) for day in range(1, 6) for span in ((540, 720), (780, 1020))))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_rest_of_today_and_the_days_after_it() -> None:
    days = coming_days(TWO_A_DAY, BERLIN, utc("2027-03-26T10:30"), most=2)  # a Friday
    assert not isinstance(days, Never)
    assert [(one.day, one.spans) for one in days] == [
        (
            date(2027, 3, 26),
            ((utc("2027-03-26T10:30"), utc("2027-03-26T11:00")), (utc("2027-03-26T12:00"), utc("2027-03-26T16:00"))),
        ),
        # behind the change of the clock nine o'clock comes an hour earlier
        (
            date(2027, 3, 29),
            ((utc("2027-03-29T07:00"), utc("2027-03-29T10:00")), (utc("2027-03-29T11:00"), utc("2027-03-29T15:00"))),
        ),
    ]


def test_nothing_is_open_before_the_first_day() -> None:
    schedule = Schedule(TWO_A_DAY.windows, starts_on=date(2027, 6, 5))  # a Saturday
    now = utc("2027-03-26T10:30")
    assert not is_open(schedule, BERLIN, now)
    assert next_open(schedule, BERLIN, now) == utc("2027-06-07T07:00")
    assert next_open(schedule, BERLIN, utc("2028-01-03T08:00")) == utc("2028-01-03T08:00")
    days = coming_days(schedule, BERLIN, now, most=1)
    assert not isinstance(days, Never)
    assert days[0].day == date(2027, 6, 7)


def test_a_first_day_counts_where_the_recipient_is() -> None:
    schedule = Schedule(tuple(Window(day, 0, 1440) for day in range(1, 8)), starts_on=date(2027, 6, 5))
    now = utc("2027-01-01T00:00")
    assert next_open(schedule, ZoneInfo("Pacific/Kiritimati"), now) == utc("2027-06-04T10:00")
    assert next_open(schedule, ZoneInfo("Pacific/Pago_Pago"), now) == utc("2027-06-05T11:00")


def test_closed_days_that_cover_the_whole_horizon_are_a_never_with_a_reason() -> None:
    begin = date(2027, 1, 1)
    closed = frozenset(begin + timedelta(days=number) for number in range(500))
    days = coming_days(Schedule(TWO_A_DAY.windows, closed), BERLIN, utc("2027-01-02T00:00"))
    assert isinstance(days, Never)
    assert "400 days" in days.reason


def test_a_window_in_the_gap_and_one_around_it_are_told() -> None:
    sunday = Schedule((Window(7, 60, 110), Window(7, 125, 165), Window(7, 170, 300), Window(7, 600, 700)))
    change = next_clock_change(sunday, BERLIN, utc("2027-03-01T00:00"))
    assert change is not None
    assert (change.at, change.is_forward, change.by) == (utc("2027-03-28T01:00"), True, timedelta(hours=1))
    assert (f"{change.before:%H:%M}", f"{change.after:%H:%M}") == ("02:00", "03:00")
    assert change.effects == (
        "The window 02:05-02:45 does not open on that day.",
        "The window 02:50-05:00 is 10 minutes shorter on that day.",
    )


def test_a_window_over_the_repeated_hour_is_longer_and_one_beside_it_is_not_touched() -> None:
    change = next_clock_change(
        Schedule((Window(7, 60, 300), Window(7, 540, 1020))), BERLIN, utc("2027-10-01T00:00")
    )  # fmt: skip
    assert change is not None
    assert not change.is_forward
    assert change.effects == ("The window 01:00-05:00 is an hour longer on that day.",)
    assert next_clock_change(TWO_A_DAY, BERLIN, utc("2027-03-01T00:00")).effects == ()  # type: ignore[union-attr]


def test_a_zone_that_keeps_its_clock_has_no_change() -> None:
    assert next_clock_change(TWO_A_DAY, ZoneInfo("Asia/Kolkata"), utc("2027-03-01T00:00")) is None


def test_leap_days_year_ends_and_the_end_of_a_day() -> None:
    last_minute = Schedule(tuple(Window(day, 1439, 1440) for day in range(1, 8)), frozenset({date(2028, 2, 29)}))
    found = next_open(last_minute, BERLIN, utc("2028-02-28T23:00"))
    assert found == utc("2028-03-01T22:59")
    assert next_open(last_minute, BERLIN, utc("2028-12-31T23:00")) == utc("2029-01-01T22:59")


def test_where_dates_end_nothing_opens_and_nothing_breaks() -> None:
    now = utc("2027-03-26T10:30")
    for day in (date.max, date(9999, 1, 1), date(2037, 4, 5)):
        late = Schedule(TWO_A_DAY.windows, starts_on=day)
        reason = f"Its first day, {day}, is more than ten years ahead."
        assert next_open(late, BERLIN, now) == Never(reason)
        assert coming_days(late, BERLIN, now) == Never(reason)
        assert not is_open(late, BERLIN, now)
    assert not isinstance(next_open(Schedule(TWO_A_DAY.windows, starts_on=date(2037, 4, 1)), BERLIN, now), Never)
    days = coming_days(TWO_A_DAY, BERLIN, utc("9999-12-20T10:30"), most=30)
    assert not isinstance(days, Never)
    assert days[-1].day == date(9999, 12, 24)
    assert isinstance(next_open(TWO_A_DAY, BERLIN, utc("9999-12-28T10:30")), Never)
