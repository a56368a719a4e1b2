"""Who does what is decided by the address alone, in the shares of real life."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.sandbox.behaviour import SHARES, Behaviour, behaviour_of, choice_of, delay_of


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_a_tag_decides_in_any_case_of_letters(behaviour: Behaviour) -> None:
    assert behaviour_of(f"anna+{behaviour}@acme.test") is behaviour
    assert behaviour_of(f"Anna+{behaviour.upper()}@ACME.test") is behaviour
    assert behaviour_of(f"anna+spring+{behaviour}@acme.test") is behaviour


def test_the_tags_are_those_of_the_manual() -> None:
    assert {str(one) for one in Behaviour} == {
        "reply", "bounce", "ooo", "refuse", "policy", "full", "greylist", "complain", "optout", "slow", "silent",
    }  # fmt: skip


def test_a_word_that_is_no_tag_decides_nothing() -> None:
    plain = [f"reply{number}@acme.test" for number in range(200)]
    assert Counter(map(behaviour_of, plain))[Behaviour.SILENT] > 140
    assert behaviour_of("anna@reply+bounce.test") is behaviour_of("anna@reply+bounce.test")
    assert behaviour_of('"a+reply@x"@acme.test') is behaviour_of('"a+reply@x"@ACME.test')


def test_shares_are_those_of_real_life() -> None:
    count = 40_000
    found = Counter(behaviour_of(f"person{number}@company{number % 97}.test") for number in range(count))
    for behaviour, per_thousand in SHARES:
        expected = count * per_thousand / 1000
        assert abs(found[behaviour] - expected) < 5 * expected**0.5, behaviour
    assert 0.83 < found[Behaviour.SILENT] / count < 0.85
    assert found[Behaviour.SLOW] == 0


def test_only_a_bounce_comes_for_each_message() -> None:
    assert [one for one in Behaviour if not one.is_once] == [Behaviour.BOUNCE]


@given(st.text(), st.integers(1, 50))
def test_any_text_has_one_behaviour_a_human_delay_and_a_choice(address: str, count: int) -> None:
    assert behaviour_of(address) is behaviour_of(address)
    assert timedelta(minutes=1) <= delay_of(address) <= timedelta(hours=6)
    assert 0 <= choice_of(address, count) < count


def test_machines_are_faster_than_people() -> None:
    people = [delay_of(f"p{number}+reply@acme.test") for number in range(200)]
    machines = [delay_of(f"p{number}+bounce@acme.test") for number in range(200)]
    assert max(machines) <= timedelta(minutes=20)
    assert min(people) >= timedelta(minutes=10)
    assert max(people) > timedelta(hours=4)


def test_choices_about_different_things_are_independent() -> None:
    pairs = {
        (choice_of(f"p{number}@acme.test", 3, "program"), choice_of(f"p{number}@acme.test", 3, "answer"))
        for number in range(200)
    }
    assert len(pairs) == 9
