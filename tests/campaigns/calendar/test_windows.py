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
    open_minutes_left,
    open_seconds_between,
    window_end,
)

pytestmark = pytest.mark.usefixtures("each_server_zone")

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


def test_clock_set_back_behind_the_start_closes_the_window_for_a_while() -> None:
    schedule = every_day(2 * 60 + 30, 4 * 60)
    assert window_end(schedule, BERLIN, utc("2026-10-25T00:40")) == utc("2026-10-25T01:00")
    assert not is_open(schedule, BERLIN, utc("2026-10-25T01:10"))  # 02:10 once more
    assert next_open(schedule, BERLIN, utc("2026-10-25T01:10")) == utc("2026-10-25T01:30")
    assert window_end(schedule, BERLIN, utc("2026-10-25T01:30")) == utc("2026-10-25T03:00")


def test_whole_day_has_25_hours_when_the_clock_is_set_back_and_23_when_it_is_set_forward() -> None:
    for begin, end, hours in (
        ("2026-10-24T22:00", "2026-10-25T23:00", 25),
        ("2027-03-27T23:00", "2027-03-28T22:00", 23),
    ):
        assert window_end(ALWAYS, BERLIN, utc(begin)) == utc(end)
        assert open_seconds_between(ALWAYS, BERLIN, utc(begin), utc(end)) == hours * 3600


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


@pytest.mark.parametrize(
    ("zone", "night", "lost_minutes"),
    [("Australia/Lord_Howe", "2026-10-03", 30), ("Antarctica/Troll", "2027-03-27", 120)],
)
def test_odd_shifts_are_reckoned(zone: str, night: str, lost_minutes: int) -> None:
    begin = utc(f"{night}T12:00")
    walls = every_day(0, 1440)
    assert open_seconds_between(walls, ZoneInfo(zone), begin, begin + timedelta(days=1)) == 86_400
    shift = (begin + timedelta(days=1)).astimezone(ZoneInfo(zone)).utcoffset()
    before = begin.astimezone(ZoneInfo(zone)).utcoffset()
    assert shift is not None
    assert before is not None
    assert shift - before == timedelta(minutes=lost_minutes)


def test_windows_of_a_day_that_touch_or_overlap_are_one() -> None:
    schedule = Schedule((Window(2, 540, 720), Window(2, 720, 800), Window(2, 700, 1020), Window(2, 1080, 1140)))
    assert window_end(schedule, BERLIN, utc("2026-11-24T09:00")) == utc("2026-11-24T16:00")
    assert open_minutes_left(schedule, BERLIN, utc("2026-11-24T15:00")) == 60 + 60


def test_minutes_left_are_those_of_the_local_day() -> None:
    assert open_minutes_left(OFFICE, BERLIN, utc("2026-11-24T00:00")) == 8 * 60
    assert open_minutes_left(OFFICE, BERLIN, utc("2026-11-24T15:30")) == 30
    assert open_minutes_left(OFFICE, BERLIN, utc("2026-11-24T20:00")) == 0
    assert open_minutes_left(ALWAYS, BERLIN, utc("2026-11-24T22:00")) == 60


def test_seconds_between_are_added_over_days_and_never_negative() -> None:
    assert open_seconds_between(OFFICE, BERLIN, utc("2026-11-23T00:00"), utc("2026-11-30T00:00")) == 5 * 8 * 3600
    assert open_seconds_between(OFFICE, BERLIN, utc("2026-11-24T10:00"), utc("2026-11-24T10:00:30")) == 30
    assert open_seconds_between(OFFICE, BERLIN, utc("2026-11-24T12:00"), utc("2026-11-24T10:00")) == 0
    with pytest.raises(ValueError, match="400 days"):
        open_seconds_between(OFFICE, BERLIN, utc("2026-01-01T00:00"), utc("2028-01-01T00:00"))


def test_end_outside_of_every_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        window_end(OFFICE, BERLIN, utc("2026-11-24T17:00"))


def test_naive_instant_is_refused_and_not_read_in_the_servers_zone() -> None:
    naive = datetime(2026, 11, 24, 12)  # noqa: DTZ001  # what is tested
    for ask in (next_open, is_open, window_end):
        with pytest.raises(ValueError, match="naive"):
            ask(OFFICE, BERLIN, naive)


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
