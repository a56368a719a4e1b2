"""Windows on the days on which clocks behave, and on those on which they do not."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import (
    Never,
    Schedule,
    Window,
    is_open,
    next_open,
    window_end,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Schedule(tuple(Window(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6)))
ALWAYS = Schedule(tuple(Window(weekday, 0, 1440) for weekday in range(1, 8)))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def every_day(start: int, end: int) -> Schedule:
    return Schedule(tuple(Window(weekday, start, end) for weekday in range(1, 8)))


def local(zone: str, found: datetime | Never) -> str:
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC
    return found.astimezone(ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24T03:00", "2026-11-24T09:00:00+01:00"),  # Tuesday, before
        ("2026-11-24T08:00", "2026-11-24T09:00:00+01:00"),  # at the very start
        ("2026-11-24T12:34:56", "2026-11-24T13:34:56+01:00"),  # inside
        ("2026-11-24T15:59:59", "2026-11-24T16:59:59+01:00"),
        ("2026-11-24T16:00", "2026-11-25T09:00:00+01:00"),  # the end is outside
        ("2026-11-27T16:00", "2026-11-30T09:00:00+01:00"),  # Friday evening
        ("2026-12-31T16:00", "2027-01-01T09:00:00+01:00"),
    ],
)
def test_office_hours(now: str, opens: str) -> None:
    assert local("Europe/Berlin", next_open(OFFICE, BERLIN, utc(now))) == opens


def test_holiday_is_a_day_of_the_recipient() -> None:
    schedule = Schedule(OFFICE.windows, frozenset({date(2026, 11, 24)}))
    now = utc("2026-11-23T20:00")
    assert local("Europe/Berlin", next_open(schedule, BERLIN, now)) == "2026-11-25T09:00:00+01:00"
    tokyo = ZoneInfo("Asia/Tokyo")  # it is the 24th there already
    assert local("Asia/Tokyo", next_open(schedule, tokyo, now)) == "2026-11-25T09:00:00+09:00"


def test_leap_day_can_be_a_holiday_and_a_window_day() -> None:
    now = utc("2028-02-29T00:00")
    assert local("Etc/UTC", next_open(ALWAYS, ZoneInfo("Etc/UTC"), now)) == "2028-02-29T00:00:00+00:00"
    closed = Schedule(ALWAYS.windows, frozenset({date(2028, 2, 29)}))
    assert local("Etc/UTC", next_open(closed, ZoneInfo("Etc/UTC"), now)) == "2028-03-01T00:00:00+00:00"


def test_no_window_is_never_and_says_so() -> None:
    assert next_open(Schedule(()), BERLIN, utc("2026-11-24T03:00")) == Never("No sending window is set.")
    assert not is_open(Schedule(()), BERLIN, utc("2026-11-24T03:00"))


def test_holidays_over_the_whole_horizon_are_never_and_quickly() -> None:
    days = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(1_000))
    begun = clock.thread_time()
    found = next_open(Schedule(ALWAYS.windows, days), BERLIN, utc("2026-11-24T03:00"))
    assert clock.thread_time() - begun < 0.1
    assert isinstance(found, Never)
    assert "holiday" in found.reason


def test_window_in_the_lost_hour_does_not_exist_that_day() -> None:
    schedule = every_day(2 * 60, 2 * 60 + 45)
    found = next_open(schedule, BERLIN, utc("2027-03-27T12:00"))
    assert local("Europe/Berlin", found) == "2027-03-29T02:00:00+02:00"


def test_window_that_begins_in_the_lost_hour_begins_behind_it() -> None:
    found = next_open(every_day(2 * 60 + 30, 4 * 60), BERLIN, utc("2027-03-27T12:00"))
    assert local("Europe/Berlin", found) == "2027-03-28T03:00:00+02:00"


def test_repeated_hour_is_used_once() -> None:
    schedule = every_day(2 * 60, 2 * 60 + 45)
    assert is_open(schedule, BERLIN, utc("2026-10-25T00:30"))
    assert window_end(schedule, BERLIN, utc("2026-10-25T00:30")) == utc("2026-10-25T00:45")
    found = next_open(schedule, BERLIN, utc("2026-10-25T01:00"))  # 02:00 for the second time
    assert local("Europe/Berlin", found) == "2026-10-26T02:00:00+01:00"


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Africa/Cairo", "2027-04-30", "01:00:00+03:00"),
        ("Asia/Beirut", "2027-03-28", "01:00:00+03:00"),
        ("America/Havana", "2027-03-14", "01:00:00-04:00"),
        ("America/Santiago", "2027-09-05", "01:00:00-03:00"),
    ],
)
def test_day_without_midnight_begins_at_one(zone: str, day: str, first: str) -> None:
    before = utc(f"{day}T00:00") - timedelta(hours=20)
    found = next_open(Schedule((Window(date.fromisoformat(day).isoweekday(), 0, 1440),)), ZoneInfo(zone), before)
    assert local(zone, found) == f"{day}T{first}"


def test_apia_had_no_30_december_2011() -> None:
    apia = ZoneInfo("Pacific/Apia")
    friday = Schedule((Window(5, 0, 1440),))
    found = next_open(friday, apia, utc("2011-12-30T09:00"))
    assert local("Pacific/Apia", found) == "2012-01-06T00:00:00+14:00"
    found = next_open(ALWAYS, apia, utc("2011-12-30T09:59:59"))
    assert local("Pacific/Apia", found) == "2011-12-29T23:59:59-10:00"


def test_end_outside_of_every_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        window_end(OFFICE, BERLIN, utc("2026-11-24T17:00"))


@pytest.mark.parametrize(
    ("weekday", "start", "end"), [(0, 0, 1), (8, 0, 1), (1, -1, 5), (1, 5, 5), (1, 6, 5), (1, 0, 1441)]
)
def test_impossible_window_is_refused(weekday: int, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no such window"):
        Window(weekday, start, end)


def test_asking_costs_microseconds() -> None:
    now = utc("2026-11-24T03:00")
    next_open(OFFICE, BERLIN, now)
    spent = []
    for _ in range(3):
        begun = clock.thread_time()
        for number in range(1_000):
            next_open(OFFICE, BERLIN, now + timedelta(minutes=number))
        spent.append((clock.thread_time() - begun) / 1_000)
    assert min(spent) < 50e-6
