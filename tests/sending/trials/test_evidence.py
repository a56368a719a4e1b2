"""Evidence that may be looked at all the time: a martingale, its interval, how rarely it finds what is not there."""

from __future__ import annotations

import random
from math import exp, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sequences.dealing import deal
from sending.trials import compare, misfit, smallest_ratio
from sending.trials.evidence import interval, log_evidence
from sending.trials.power import crossed

shares = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9])
counts = st.integers(0, 400)


@given(first=counts, second=counts, share=shares, at=st.floats(0.01, 0.99))
def test_the_next_answer_changes_nothing_on_average(first: int, second: int, share: float, at: float) -> None:
    """That is what makes it a martingale under the share `at`, and Ville's inequality hold."""
    now = log_evidence(first, second, share=share, at=at)
    one_more = log_evidence(first, second + 1, share=share, at=at), log_evidence(first + 1, second, share=share, at=at)
    on_average = at * exp(one_more[0] - now) + (1 - at) * exp(one_more[1] - now)

    assert on_average == pytest.approx(1.0, rel=1e-9)


def test_it_begins_at_one() -> None:
    assert log_evidence(0, 0, share=0.3) == 0.0


@given(first=counts, second=counts, share=shares)
def test_the_interval_holds_just_what_the_answers_do_not_refute(first: int, second: int, share: float) -> None:
    low, high = interval(first, second, share=share)

    assert 0.0 <= low <= high <= 1.0
    if first + second:
        assert low <= second / (first + second) <= high
        for at, inside in ((low - 1e-6, False), (low + 1e-6, True), (high - 1e-6, True), (high + 1e-6, False)):
            if 0.0 < at < 1.0:
                assert (log_evidence(first, second, share=share, at=at) < -log(0.05)) is inside


def test_before_any_answer_nothing_is_known() -> None:
    found = compare([], share=0.5)

    assert (found.ratio, found.low, found.high, found.evidence) == (None, 0.0, inf, 1.0)
    assert not found.differs


@given(st.lists(st.booleans(), max_size=60), shares)
def test_more_answers_never_make_the_interval_wider(answers: list[bool], share: float) -> None:
    before = compare(answers[:-1], share=share)
    after = compare(answers, share=share)

    assert before.low <= after.low <= after.high <= before.high


@given(st.lists(st.booleans(), max_size=60), shares)
def test_to_swap_the_wordings_turns_everything_round(answers: list[bool], share: float) -> None:
    there = compare(answers, share=share)
    back = compare([not one for one in answers], share=1 - share)

    assert back.low == pytest.approx(1 / there.high if there.high < inf else 0.0, rel=1e-6, abs=1e-9)
    assert back.evidence == pytest.approx(there.evidence, rel=1e-9)


def test_the_ratio_is_that_of_the_rates_also_with_unequal_shares() -> None:
    # 3 of 4 people get the second, and it has 3 of 4 answers: it is as good as the first.
    assert compare([True, False, True, True] * 10, share=0.75).ratio == pytest.approx(1.0)
    assert compare([True, False] * 10, share=0.75).ratio == pytest.approx(1 / 3)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_equal_wordings_are_told_apart_by_fewer_than_five_of_a_hundred_who_look_at_each_answer(share: float) -> None:
    """No sample: the probability itself, of all rows of up to 600 answers."""
    assert 0.02 < crossed(600, share, share=share)[-1] < 0.05


def test_that_holds_for_people_as_they_are_really_dealt() -> None:
    """In blocks, so that one good answer says something about its neighbours: 400 campaigns of equal wordings."""
    drawn = random.Random(20260105)  # noqa: S311  a simulation
    told_apart = 0
    for campaign in range(400):
        answers = [deal(campaign, person, [1, 1]) == 1 for person in range(2_000) if drawn.random() < 0.05]
        told_apart += compare(answers, share=0.5).differs

    assert told_apart <= 400 * 0.05


def test_people_who_were_not_dealt_by_the_shares_are_noticed() -> None:
    assert misfit(520, 480, share=0.5) < 1
    assert misfit(312, 204, share=0.5) > 1_000


def test_what_a_comparison_can_find_is_what_it_finds() -> None:
    """A ratio that is promised to be found out in four of five comparisons is, in about as many of 300 drawn ones."""
    people, rate = 2_000, 0.03
    ratio = smallest_ratio(people, share=0.5, rate=rate)
    assert ratio is not None
    drawn = random.Random(7)  # noqa: S311  a simulation
    found = 0
    for _ in range(300):
        dealt = (drawn.random() < 0.5 for _ in range(people))
        answers = [is_second for is_second in dealt if drawn.random() < (rate * ratio if is_second else rate)]
        found += compare(answers, share=0.5).low > 1

    assert 0.73 < found / 300 < 0.87


@pytest.mark.parametrize(("people", "rate"), [(60, 0.1), (200, 0.03), (900, 0.01), (900, 0.1), (5_000, 0.05)])
def test_more_people_find_smaller_differences(people: int, rate: float) -> None:
    few = smallest_ratio(people, share=0.5, rate=rate)
    many = smallest_ratio(4 * people, share=0.5, rate=rate)

    assert many is not None
    assert few is None or many <= few


def test_where_nothing_could_be_found_out_it_says_so() -> None:
    assert smallest_ratio(40, share=0.5, rate=0.005) is None
    assert smallest_ratio(0, share=0.5, rate=0.02) is None


def test_the_mixture_is_a_beta_distribution() -> None:
    """Against the closed form of one draw each: B(a + 1, b + 1) / B(a, b) of Beta(3, 3) is 3/14."""
    assert exp(log_evidence(1, 1, share=0.5)) == pytest.approx((3 / 14) / 0.25)
