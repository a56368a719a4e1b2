"""How much a mailbox may send: limits, ramp, gap, shares, and the speed of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import Limits, Pace, Usage, allowance, daily_budget, draw_gap, follow_up_places
from tests.sending.pacing.facts import LIMITS, calm, limits

MINUTES = st.integers(0, 240).map(lambda number: timedelta(minutes=number))
DURATIONS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
SCALES = st.integers(1, 100_000)


@st.composite
def any_limits(draw: st.DrawFn) -> Limits:
    gaps = sorted([draw(MINUTES), draw(MINUTES)])
    return Limits(
        daily=draw(st.integers(0, 200)),
        hourly=draw(st.integers(0, 60)),
        gap_min=gaps[0],
        gap_max=gaps[1],
        ramp_start=draw(st.none() | st.integers(0, 50)),
        ramp_step=draw(st.integers(0, 20)),
    )


@st.composite
def any_usage(draw: st.DrawFn) -> Usage:
    day = draw(st.integers(0, 300))
    return Usage(
        day=day,
        hour=draw(st.integers(0, day)),
        new_leads_day=draw(st.integers(0, day)),
        sending_days=draw(st.integers(0, 100)),
    )


@pytest.mark.parametrize(
    ("sending_days", "budget"),
    [(0, 5), (1, 7), (2, 9), (12, 29), (13, 30), (14, 30), (1_000, 30)],
)
def test_ramp_climbs_by_its_step_on_each_sending_day_up_to_the_limit(sending_days: int, budget: int) -> None:
    ramped = limits(ramp_start=5, ramp_step=2)
    assert daily_budget(ramped, Usage(sending_days=sending_days)) == budget


def test_without_a_ramp_the_limit_is_the_budget_from_the_first_day() -> None:
    assert daily_budget(LIMITS, Usage(sending_days=0)) == 30


@calm
@given(any_limits(), any_usage(), st.integers(0, 50))
def test_budget_never_passes_the_limit_and_never_falls_with_sending_days(some: Limits, usage: Usage, more: int) -> None:
    budget = daily_budget(some, usage)
    assert 0 <= budget <= some.daily
    later = Usage(sending_days=usage.sending_days + more)
    assert daily_budget(some, later) >= budget


@pytest.mark.parametrize(
    ("day", "hour", "gap", "places"),
    [
        (0, 0, 12, 1),  # a gap is kept: one at a time
        (0, 0, 0, 8),  # none: what the hour leaves
        (25, 2, 0, 5),  # what the day leaves
        (25, 7, 0, 1),
        (30, 0, 0, 0),
        (0, 8, 0, 0),
        (30, 0, 12, 0),
        (40, 9, 0, 0),  # over, because somebody has lowered the limits
    ],
)
def test_allowance_is_one_beside_a_gap_and_else_what_hour_and_day_leave(
    day: int, hour: int, gap: int, places: int
) -> None:
    some = limits(gap_min=timedelta(0), gap_max=timedelta(minutes=gap))
    assert allowance(some, Usage(day=day, hour=hour)) == places


def test_allowance_ends_at_twenty_however_wide_the_limits_are() -> None:
    wide = limits(daily=100_000, hourly=100_000, gap_min=timedelta(0), gap_max=timedelta(0))
    assert allowance(wide, Usage()) == 20


def test_allowance_follows_the_ramp() -> None:
    ramped = limits(ramp_start=5, ramp_step=2, gap_min=timedelta(0), gap_max=timedelta(0))
    assert allowance(ramped, Usage(day=4, sending_days=0)) == 1
    assert allowance(ramped, Usage(day=5, sending_days=0)) == 0
    assert allowance(ramped, Usage(day=5, sending_days=1)) == 2


@calm
@given(any_limits(), any_usage())
def test_allowance_is_never_negative_and_never_leads_over_a_limit(some: Limits, usage: Usage) -> None:
    places = allowance(some, usage)
    assert places >= 0
    if places:
        assert usage.day + places <= daily_budget(some, usage)
        assert usage.hour + places <= some.hourly
    if places > 1:
        assert not some.gap_max, "two at once would leave no gap between them"


@calm
@given(any_limits(), SCALES, st.text(max_size=80))
def test_gap_is_the_same_for_the_same_seed_and_inside_its_bounds(some: Limits, scale: int, seed: str) -> None:
    pace = Pace(scale)
    gap = draw_gap(some, pace, seed=seed)
    assert gap == draw_gap(some, pace, seed=seed)
    assert pace.shrink(some.gap_min) <= gap <= pace.shrink(some.gap_max)


def test_gap_is_drawn_from_the_whole_interval_evenly() -> None:
    gaps = [draw_gap(LIMITS, Pace(), seed=f"<{number}@acme.example>") for number in range(2_000)]
    minutes = [gap / timedelta(minutes=1) for gap in gaps]
    assert min(minutes) < 6.1
    assert max(minutes) > 11.9
    assert 8.8 < sum(minutes) / len(minutes) < 9.2
    assert len(set(gaps)) > 1_990


def test_gap_of_a_message_is_known_beforehand_on_every_machine() -> None:
    assert draw_gap(LIMITS, Pace(), seed="<a@acme.example>") == timedelta(seconds=544, microseconds=949278)


@calm
@given(DURATIONS, SCALES, DURATIONS)
def test_shrunk_time_is_never_longer_and_never_under_its_floor(
    duration: timedelta, scale: int, floor: timedelta
) -> None:
    shrunk = Pace(scale).shrink(duration, floor=floor)
    assert min(floor, duration) <= shrunk <= duration
    assert shrunk == max(duration / scale, min(floor, duration))
    assert Pace(1).shrink(duration, floor=floor) == duration, "real life is left alone"


@calm
@given(DURATIONS, DURATIONS, SCALES, SCALES)
def test_shrinking_keeps_the_order_of_durations_and_of_speeds(
    one: timedelta, other: timedelta, scale: int, faster: int
) -> None:
    short, long = sorted([one, other])
    assert Pace(scale).shrink(short) <= Pace(scale).shrink(long)
    slow, fast = sorted([scale, faster])
    assert Pace(fast).shrink(long) <= Pace(slow).shrink(long)


def test_a_day_of_a_sandbox_is_its_part_of_a_day() -> None:
    assert Pace().day == timedelta(days=1)
    assert Pace().hour == timedelta(hours=1)
    assert Pace(5_760).day == timedelta(seconds=15)
    assert Pace(3_600).hour == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("budget", "follow_ups", "new_leads", "places"),
    [
        (10, 0, 0, 7),
        (10, 6, 0, 1),
        (10, 7, 0, 0),  # from here on new contacts have their turn
        (10, 9, 0, 0),  # more than their part, since nobody new was there
        (10, 2, 3, 5),  # new contacts use nothing of it
        (5, 3, 0, 1),
        (5, 4, 0, 0),
        (1, 0, 0, 1),
        (0, 0, 0, 0),
    ],
)
def test_follow_ups_go_first_until_seventy_of_a_hundred(
    budget: int, follow_ups: int, new_leads: int, places: int
) -> None:
    usage = Usage(day=follow_ups + new_leads, new_leads_day=new_leads)
    assert follow_up_places(limits(daily=budget), usage) == places


@calm
@given(any_limits(), any_usage())
def test_share_of_follow_ups_is_of_the_ramped_budget_and_leaves_room(some: Limits, usage: Usage) -> None:
    budget = daily_budget(some, usage)
    places = follow_up_places(some, usage)
    used = usage.day - usage.new_leads_day
    assert 0 <= places <= budget
    if places:
        assert (used + places) * 10 < budget * 7 + 10, "the last of them begins within the share"
        assert (used + places) * 10 >= budget * 7, "and all of the share is theirs"
