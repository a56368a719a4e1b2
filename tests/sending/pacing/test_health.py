"""The health of a mailbox: halved by bad signals, mended by clean days, never nothing, told again from its signals."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import Usage, bound_by, daily_budget
from sending.pacing.health import FULL, LOWEST, STEP, Cause, Health, Signal, after, halved, idle_spells, replay
from tests.sending.pacing.facts import NOW, calm, limits

DAY = timedelta(days=1)
CUTS = [Cause.BLOCK, Cause.BOUNCES, Cause.COMPLAINT]


def story(steps: list[tuple[Cause, int]]) -> list[Signal]:
    """Return signals in order, each so many hours after the one before."""
    at, signals = NOW, []
    for cause, hours in steps:
        at += timedelta(hours=hours)
        signals.append(Signal(cause, at))
    return signals


STORIES = st.lists(st.tuples(st.sampled_from(list(Cause)), st.integers(1, 72)), max_size=40).map(story)


@calm
@given(STORIES)
def test_it_stays_between_the_lowest_and_full_and_leaves_a_place_at_least(signals: list[Signal]) -> None:
    health = replay(signals)
    assert LOWEST <= health.percent <= FULL
    for daily in (1, 3, 30):
        budget = daily_budget(limits(daily=daily, health=health.percent), Usage())
        assert 1 <= budget <= daily


@calm
@given(STORIES, st.integers(0, 39), st.sampled_from(CUTS))
def test_one_bad_signal_more_never_makes_it_better_at_that_moment(
    signals: list[Signal], place: int, cause: Cause
) -> None:
    told = signals[:place]
    before = replay(told)
    at = told[-1].at if told else NOW
    assert after(before, Signal(cause, at + timedelta(minutes=1))).percent <= before.percent


@calm
@given(STORIES)
def test_clean_days_mend_it_whatever_has_happened(signals: list[Signal]) -> None:
    health = replay(signals)
    for day in range((FULL - LOWEST) // STEP):
        better = after(health, Signal(Cause.CLEAN_DAY, NOW + (100 + day) * DAY))
        assert better.percent == min(FULL, health.percent + STEP)
        health = better
    assert health.percent == FULL


@calm
@given(STORIES, st.integers(0, 40))
def test_told_in_two_parts_it_is_the_same_story(signals: list[Signal], place: int) -> None:
    health = replay(signals[:place])
    for signal in signals[place:]:
        health = after(health, signal)
    assert health == replay(signals)


@pytest.mark.parametrize("cause", CUTS)
def test_a_bad_signal_halves_it_once_in_a_day(cause: Cause) -> None:
    first = after(Health(), Signal(cause, NOW))
    assert first == Health(50, NOW)
    for other in CUTS:
        assert after(first, Signal(other, NOW + DAY - timedelta(seconds=1))) == first
        assert after(first, Signal(other, NOW + DAY)) == Health(25, NOW + DAY)


def test_a_sandbox_day_is_as_short_as_its_pace() -> None:
    minute = timedelta(minutes=1)
    first = after(Health(), Signal(Cause.BLOCK, NOW, day=minute))
    assert after(first, Signal(Cause.BLOCK, NOW + minute, day=minute)).percent == 25


def test_a_refusal_by_policy_cuts_nothing() -> None:
    assert after(Health(), Signal(Cause.REFUSAL, NOW)) == Health()
    assert Cause.REFUSAL.is_bad, "but its day is no clean one"
    assert not Cause.CLEAN_DAY.is_bad
    assert not Cause.IDLE.is_bad


@pytest.mark.parametrize(
    ("last", "spells", "left"),
    [
        (None, 0, 100), (NOW + DAY, 0, 100), (NOW - 30 * DAY + timedelta(seconds=1), 0, 100), (NOW - 30 * DAY, 1, 50),
        (NOW - 61 * DAY, 2, 25), (NOW - 400 * DAY, 13, LOWEST),
    ],
)  # fmt: skip
def test_thirty_idle_days_halve_it(last: datetime | None, spells: int, left: int) -> None:
    assert idle_spells(last, NOW, DAY) == spells
    assert halved(FULL, spells) == left


@pytest.mark.parametrize(
    ("changes", "sending_days", "budget", "words"),
    [
        ({}, 0, 30, ""),
        ({"ceiling": 500, "provider": "Gmail"}, 0, 30, ""),
        ({"daily": 800, "ceiling": 500, "provider": "Gmail"}, 0, 500, "Gmail bears 500 a day, the limit is 800"),
        ({"ramp_start": 5, "ramp_step": 2}, 3, 11, "the ramp allows 11 of 30"),
        ({"ramp_start": 5, "ramp_step": 2}, 20, 30, ""),
        (
            {"daily": 900, "ceiling": 150, "provider": "Microsoft 365", "ramp_start": 5, "ramp_step": 2}, 100, 150,
            "Microsoft 365 bears 150 a day, the limit is 900",
        ),
        ({"health": 50}, 0, 15, "its health leaves 15 of 30"),
        (
            {"health": 25, "ramp_start": 5, "ramp_step": 2}, 3, 2,
            "the ramp allows 11 of 30; its health leaves 2 of 11",
        ),
        ({"daily": 2, "health": 10}, 0, 1, "its health leaves 1 of 2"),
    ],
)  # fmt: skip
def test_the_smallest_bound_is_the_budget_and_is_named(
    changes: dict[str, object], sending_days: int, budget: int, words: str
) -> None:
    usage = Usage(sending_days=sending_days)
    assert daily_budget(limits(**changes), usage) == budget
    assert bound_by(limits(**changes), usage) == words
