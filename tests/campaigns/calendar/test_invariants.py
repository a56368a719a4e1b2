"""What holds in every zone, at every instant, for every schedule, whatever zone the server is in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns.calendar import (
    Never,
    Schedule,
    Wait,
    WaitUnit,
    Window,
    coming_days,
    is_open,
    next_clock_change,
    next_open,
    next_window,
    open_seconds_between,
    parse_zone,
    wait_until,
    window_end,
)
from campaigns.calendar.windows import HORIZON_DAYS, LONGEST_AHEAD_DAYS
from tests.campaigns.calendar.clocks import MINUTE, Minutes, all_zones, clock_changes

pytestmark = pytest.mark.usefixtures("each_server_zone")

ZONES = st.sampled_from(all_zones()).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(2008, 1, 1), datetime(2036, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # its API
# Edges often: midnight, the small hours in which clocks change, one-minute windows, whole days.
MINUTES = st.one_of(st.integers(0, 1440), st.sampled_from([0, 1, 30, 60, 90, 120, 150, 180, 240, 1380, 1439, 1440]))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(MINUTES.filter(lambda minute: minute < 1440))
    return Window(draw(st.integers(1, 7)), start, draw(MINUTES.filter(lambda minute: minute > start)))


WINDOWS = st.lists(windows(), min_size=1, max_size=4).map(tuple)
DAYS = st.dates(date(2008, 1, 1), date(2036, 12, 31))
FIRST_DAYS = st.one_of(st.none(), DAYS)
SCHEDULES = st.builds(Schedule, WINDOWS, st.frozensets(DAYS, max_size=4), starts_on=FIRST_DAYS)
EVERY_DAY = st.builds(
    lambda start, length: Schedule(tuple(Window(day, start, min(1440, start + length)) for day in range(1, 8))),
    st.integers(0, 1439),
    st.sampled_from([1, 30, 45, 60, 120, 480, 1440]),
)
FEW = settings(max_examples=40, deadline=None)


def begins_in_time(schedule: Schedule, now: datetime) -> bool:
    """Return whether the first day is near enough to be waited for, with a day to spare for every zone."""
    return schedule.starts_on is None or schedule.starts_on < now.date() + timedelta(days=LONGEST_AHEAD_DAYS)


def opening(schedule: Schedule, zone: ZoneInfo, now: datetime) -> datetime:
    assume(begins_in_time(schedule, now))
    found = next_open(schedule, zone, now)
    assert not isinstance(found, Never)
    return found


@FEW
@given(SCHEDULES, ZONES, INSTANTS)
def test_opening_is_not_before_now_and_inside_a_window_and_final(
    schedule: Schedule, zone: ZoneInfo, now: datetime
) -> None:
    found = opening(schedule, zone, now)
    begin = datetime.combine(schedule.starts_on or date.min, datetime.min.time(), UTC)
    assert now <= found <= max(now, begin) + timedelta(days=HORIZON_DAYS + 2)
    assert opening(schedule, zone, found) == found
    wall = found.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    assert wall.date() not in schedule.holidays
    assert schedule.starts_on is None or wall.date() >= schedule.starts_on
    assert any(one.weekday == wall.isoweekday() and one.start <= minute < one.end for one in schedule.windows)
    assert is_open(schedule, zone, found)
    assert is_open(schedule, zone, now) == (found == now)
    assert found < window_end(schedule, zone, found) <= found + timedelta(hours=27)
    assert next_window(schedule, zone, now) == (found, window_end(schedule, zone, found))


@FEW
@given(SCHEDULES, ZONES, INSTANTS, st.timedeltas(timedelta(), timedelta(days=9)))
def test_who_asks_later_is_not_served_earlier(
    schedule: Schedule, zone: ZoneInfo, now: datetime, later: timedelta
) -> None:
    assert opening(schedule, zone, now) <= opening(schedule, zone, now + later)


@FEW
@given(SCHEDULES, ZONES, INSTANTS)
def test_same_question_gets_the_same_answer_also_from_an_equal_schedule(
    schedule: Schedule, zone: ZoneInfo, now: datetime
) -> None:
    twin = Schedule(tuple(schedule.windows), frozenset(set(schedule.holidays)), starts_on=schedule.starts_on)
    assert twin == schedule
    assert hash(twin) == hash(schedule)
    assert next_open(schedule, zone, now) == next_open(twin, zone, now) == next_open(schedule, zone, now)


@FEW
@given(SCHEDULES, ZONES, st.lists(INSTANTS, min_size=2, max_size=6))
def test_answers_do_not_depend_on_what_was_asked_before(
    schedule: Schedule, zone: ZoneInfo, instants: list[datetime]
) -> None:
    alone = []
    for number, now in enumerate(instants, 1):
        # A holiday of long ago makes a schedule that nobody has asked yet.
        fresh = replace(schedule, holidays=schedule.holidays | {date(1900, 1, number)})
        alone.append(next_open(fresh, zone, now))
    near = [moment + shift for moment in instants for shift in (timedelta(0), timedelta(minutes=7), timedelta(days=3))]
    for now in near:
        next_open(schedule, zone, now)
    assert [next_open(schedule, zone, now) for now in instants] == alone


@FEW
@given(SCHEDULES, ZONES, INSTANTS, st.data())
def test_tightening_never_makes_a_send_earlier(
    wide: Schedule, zone: ZoneInfo, now: datetime, data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.sampled_from(wide.windows), min_size=1, unique=True))
    cut = [
        Window(one.weekday, start, data.draw(st.integers(start + 1, one.end)))
        for one in kept
        for start in [data.draw(st.integers(one.start, one.end - 1))]
    ]
    first = max(filter(None, [wide.starts_on, data.draw(FIRST_DAYS)]), default=None)
    tight = Schedule(tuple(cut), wide.holidays | data.draw(st.frozensets(DAYS, max_size=2)), starts_on=first)
    found = next_open(tight, zone, now)
    assert isinstance(found, Never) or found >= opening(wide, zone, now)


@FEW
@given(SCHEDULES, INSTANTS, st.sampled_from([("Asia/Calcutta", "Asia/Kolkata"), ("US/Eastern", "America/New_York")]))
def test_aliases_of_a_zone_agree(schedule: Schedule, now: datetime, names: tuple[str, str]) -> None:
    one, other = (parse_zone(name) for name in names)
    assert next_open(schedule, one, now) == next_open(schedule, other, now)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.one_of(SCHEDULES, EVERY_DAY))
def test_reckoning_agrees_with_counting_minutes_where_clocks_change(data: st.DataObject, schedule: Schedule) -> None:
    # Touching windows are one window here, so that both reckonings mean the same.
    assume(all(a is b or a.weekday != b.weekday or a.end < b.start or b.end < a.start
               for a in schedule.windows for b in schedule.windows))  # fmt: skip
    name, day = data.draw(st.sampled_from(clock_changes()))
    zone = ZoneInfo(name)
    minutes = Minutes(zone, day)
    are_open = minutes.open_ones(schedule)
    middle = range(1440, 4 * 1440)
    for at in data.draw(st.lists(st.sampled_from(middle), min_size=20, max_size=40)):
        now = minutes.instants[at]
        assert is_open(schedule, zone, now) == are_open[at], now
        following = next((later for later in range(at, 5 * 1440 - 1440) if are_open[later]), None)
        if following is not None:
            assert opening(schedule, zone, now) == minutes.instants[following]
    seconds = open_seconds_between(schedule, zone, minutes.instants[1440], minutes.instants[4 * 1440])
    assert seconds == 60 * sum(are_open[1440 : 4 * 1440])


@settings(max_examples=15, deadline=None)
@given(st.data(), EVERY_DAY)
def test_window_ends_where_the_minutes_say_when_clocks_change(data: st.DataObject, schedule: Schedule) -> None:
    name, day = data.draw(st.sampled_from(clock_changes()))
    zone = ZoneInfo(name)
    minutes = Minutes(zone, day)
    are_open = minutes.open_ones(schedule)
    inside = [at for at in range(1440, 3 * 1440) if are_open[at]]
    assume(inside)
    at = data.draw(st.sampled_from(inside))
    end = window_end(schedule, zone, minutes.instants[at])
    place = (end - minutes.instants[0]) // MINUTE
    assert all(are_open[at:place])
    assert not are_open[place] or minutes.walls[place].time() == datetime.min.time()


@FEW
@given(SCHEDULES, ZONES, INSTANTS)
def test_days_to_come_hold_what_the_claim_would_find(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    assume(begins_in_time(schedule, now))
    days = coming_days(schedule, zone, now, most=3)
    assert not isinstance(days, Never)
    at = now
    for opens, closes in (span for day in days for span in day.spans):
        assert next_window(schedule, zone, at) == (opens, closes)
        assert opens.astimezone(zone).date() in {day.day for day in days}
        at = closes
    assert len(days) == 3
    assert [one.day for one in days] == sorted({one.day for one in days})


@settings(max_examples=15, deadline=None)
@given(st.data(), EVERY_DAY)
def test_what_a_clock_change_does_to_a_window_is_what_the_minutes_say(data: st.DataObject, schedule: Schedule) -> None:
    name, day = data.draw(st.sampled_from(clock_changes()))
    zone = ZoneInfo(name)
    minutes = Minutes(zone, day)
    change = next_clock_change(schedule, zone, minutes.instants[1440])
    assert change is not None
    place = minutes.instants.index(change.at)
    assert minutes.walls[place] == change.after != minutes.walls[place - 1] + MINUTE == change.before
    are_open = minutes.open_ones(schedule)
    (window, *_) = schedule.windows
    for touched in {change.before.date(), change.after.date()}:
        lasted = sum(one for one, wall in zip(are_open, minutes.walls, strict=True) if wall.date() == touched)
        if lasted != window.end - window.start:
            assert change.effects


@FEW
@given(ZONES, INSTANTS, st.integers(0, 400), st.sampled_from(WaitUnit))
def test_wait_is_never_over_before_the_sending_and_longer_ones_never_earlier(
    zone: ZoneInfo, sent_at: datetime, amount: int, unit: WaitUnit
) -> None:
    found = wait_until(sent_at, Wait(amount, unit), zone)
    assert sent_at <= found <= wait_until(sent_at, Wait(amount + 1, unit), zone)
    if amount == 0:
        assert found == sent_at


@FEW
@given(ZONES, INSTANTS, st.integers(1, 400))
def test_wait_of_days_ends_at_the_same_time_of_that_day_or_behind_a_gap(
    zone: ZoneInfo, sent_at: datetime, days: int
) -> None:
    wanted = sent_at.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    found = wait_until(sent_at, Wait(days, WaitUnit.DAYS), zone).astimezone(zone)
    shown = found.replace(tzinfo=None, fold=0)
    assert shown >= wanted
    if shown != wanted:  # the wanted time never was: one second before, the clock showed an earlier one
        second = (found.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone)
        assert second.replace(tzinfo=None, fold=0) < wanted
