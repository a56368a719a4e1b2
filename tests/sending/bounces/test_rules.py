"""Rules are data: each has a source, an example of ours that it meets first, and words that stay fast."""

from __future__ import annotations

import time
from importlib.resources import files

import pytest

from sending.bounces.rules import LAYERS, Rule, by_hints, by_words, normal, rules
from sending.bounces.words import notices


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_rule_is_the_first_to_meet_its_example(rule: Rule) -> None:
    found = by_words(rule.example) or by_hints(rule.example)
    assert found is not None
    category, evidence = found
    assert (category, evidence.rule) == (rule.category, rule.id)
    assert evidence.words
    assert evidence.words in normal(rule.example)


def test_rule_ids_are_unique_and_each_names_its_source() -> None:
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))
    assert all(rule.source for rule in rules())
    assert {rule.layer for rule in rules()} == set(LAYERS)


def test_words_are_written_as_they_are_looked_for() -> None:
    written = [piece for rule in rules() for words in (*rule.words, *rule.hints) for piece in words]
    told = [word for field in notices().__slots__ for word in getattr(notices(), field)]
    assert [one for one in (*written, *told) if one != one.lower() or not one.strip() or "\u2019" in one] == []


def test_reused_wordings_have_their_notice() -> None:
    notice = (files("sending.bounces") / "data" / "NOTICE").read_text()
    sources = " ".join(rule.source for rule in rules())
    for name in ("Sisimai", "KumoMTA"):
        assert name in notice
        assert name in sources


@pytest.mark.parametrize(
    "text",
    [
        "user " * 5000,
        "a" * 100_000,
        "quota " + "x " * 50_000,
        "((((" * 9000,
        "no such " * 9000,
        "550 " * 9000,
        "ofr" * 9000,
    ],
)
def test_hostile_text_costs_little(text: str) -> None:
    began = time.process_time()
    by_words(text)
    by_hints(text)
    assert time.process_time() - began < 0.2


def test_words_that_say_nothing_give_nothing() -> None:
    assert by_words("Hello, how are you?") is None
    assert by_hints("Hello, how are you?") is None


def test_a_code_that_repeats_on_each_line_breaks_no_sentence() -> None:
    found = by_words("550-5.7.1 Messages with multiple 550 5.7.1 addresses in From: header are not accepted.")
    assert found is not None
    assert found[1].rule == "google-format"


def test_a_gap_spans_some_characters_and_no_more() -> None:
    assert by_words("user x@y.example unknown") is not None
    assert by_words("user " + "x" * 100 + " unknown") is None
