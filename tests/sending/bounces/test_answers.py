"""What answers say: each rule by its example, small talk by nobody, and nothing where an answer says two things."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.sequences.states import ReplyClass
from sending.bounces import parse_mail
from sending.bounces.answers import Answer, AnswerRule, Says, answer_of, answer_rules, asked_again, told_in

ON = date(2026, 1, 5)


def said(text: str) -> Answer | None:
    raw = f"From: Ada <ada@x.example>\r\nTo: me@acme.example\r\nSubject: Re: Hello\r\n\r\n{text}\r\n"
    return answer_of(parse_mail(raw.encode()), received=ON)


@pytest.mark.parametrize("rule", answer_rules(), ids=lambda rule: rule.id)
def test_each_rule_knows_its_example(rule: AnswerRule) -> None:
    found = said(rule.example)
    assert found is not None
    assert (found.says, found.evidence.rule) == (rule.says, rule.id)
    assert rule.source
    assert all(piece == piece.lower() for wording in rule.words for piece in wording)


def test_the_classes_are_those_of_branches() -> None:
    assert {one.value for one in Says} <= {one.value for one in ReplyClass}


def test_rules_have_names_of_their_own() -> None:
    names = [rule.id for rule in answer_rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "text",
    [
        "Who are you?",
        "Thanks for your mail.",
        "What does it cost?",
        "I'm interested to know who gave you my address, and no thanks.",  # two at once
        "Wir haben Interesse, aber eigentlich kein Bedarf.",
        "Hello\n\nOn 5 Jan 2026, Me <me@acme.example> wrote:\n> are you not interested?",  # our words, not theirs
        "Yes. " + "We are interested. And more to read. " * 40,
        "",
    ],
)
def test_what_is_unsure_is_left_to_a_person(text: str) -> None:
    assert said(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I\u2019m interested, tell me more", Says.POSITIVE),
        ("*Not interested*, thanks", Says.NEGATIVE),
        ("Not interested at the moment, get back to us in June.", Says.NOT_NOW),
        ("We're not interested, please reach out to bob@x.example", Says.REFERRAL),
    ],
)
def test_the_last_word_of_a_mixed_answer_counts(text: str, says: Says) -> None:
    found = said(text)
    assert found is not None
    assert found.says is says


def test_only_a_short_answer_that_says_one_thing_is_certain() -> None:
    for text, certain in {
        "We're interested.": True,
        "Not interested.": True,
        "Where did you get my address? Not interested.": False,
        "We're interested. " + "We make bridges of steel and of wood. " * 6: False,
        "Not now.": False,
        "Please reach out to bob@x.example": False,
    }.items():
        found = said(text)
        assert found is not None, text
        assert found.is_certain is certain, text


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Please reach out to Bob <Bob@X.example>.", "bob@x.example"),
        ("I'm not the right person. ada@x.example", ""),
        ("I'm not the right person, me@acme.example knows.", ""),
    ],
)
def test_a_referral_names_somebody_else_or_nobody(text: str, address: str) -> None:
    found = said(text)
    assert found is not None
    assert found.address.lower() == address


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("get back to me on 15 March", date(2026, 3, 15)),
        ("melden Sie sich am 1. Juni 2026 wieder", date(2026, 6, 1)),
        ("try again in three months", date(2026, 4, 5)),
        ("in 2 wochen", date(2026, 1, 19)),
        ("next year", date(2027, 1, 8)),
        ("next quarter", date(2026, 4, 1)),
        ("get back to me on 2 January", date(2027, 1, 2)),
        ("in 2099-01-01", None),
        ("some day", None),
    ],
)
def test_not_now_has_its_day_where_one_is_named(text: str, day: date | None) -> None:
    assert asked_again(told_in(text), ON) == day
