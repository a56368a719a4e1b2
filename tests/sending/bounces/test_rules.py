"""Rules are data: each has a source, an example of ours that it meets first, and a pattern that stays fast."""

from __future__ import annotations

import time

import pytest

from sending.bounces.rules import Rule, by_words, rules


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_rule_is_the_first_to_meet_its_example(rule: Rule) -> None:
    found = by_words(rule.example)
    assert found is not None
    category, evidence = found
    assert (category, evidence.rule) == (rule.category, rule.id)
    assert evidence.words
    assert evidence.words.lower() in " ".join(rule.example.lower().split())


def test_rule_ids_are_unique_and_each_names_its_source() -> None:
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))
    assert all(rule.source for rule in rules())


@pytest.mark.parametrize(
    "text", ["user " * 5000, "a" * 100_000, "quota " + "x " * 50_000, "((((" * 9000, "no such " * 9000]
)
def test_hostile_text_costs_little(text: str) -> None:
    began = time.perf_counter()
    by_words(text)
    assert time.perf_counter() - began < 0.5


def test_words_that_say_nothing_give_nothing() -> None:
    assert by_words("Hello, how are you?") is None
