"""Wishes to hear no more: the labelled ones, the rules as data, and what may not take long or change a verdict."""

from __future__ import annotations

import time

import pytest

from sending.bounces import Kind, Mail, classify_mail, parse_mail
from sending.bounces.answers import answer_rules
from sending.bounces.tongues import tables
from sending.bounces.wishes import MOST_WORDS, wish_in
from tests.sending.bounces.wished import answers, count

TABLES = tables()


@pytest.mark.parametrize("is_check", [False, True])
def test_labelled_wishes_suppress_and_nothing_else_does(*, is_check: bool) -> None:
    found = count(one for one in answers() if one.is_check is is_check)
    assert (found.wishes, found.others) == ((90, 77) if is_check else (93, 91))
    assert found.wrongly_suppressed == 0
    assert found.suppressed >= 0.98 * found.wishes
    assert found.suppressed + found.asked == found.wishes, "none is passed over"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["code"])
def test_each_language_knows_its_example_and_not_its_counterexample(table: dict[str, str]) -> None:
    assert is_certain(table["example"])
    assert not is_certain(table["counterexample"])
    assert table["source"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["code"])
def test_a_wish_in_other_shapes_is_one(table: dict[str, str]) -> None:
    example = table["example"].strip(".")
    for text in (
        f"{example}!!",
        f"  {example}\n\nJohn Smith",
        example.upper(),
        f"{example}. Thanks, John",
        f'"{example}"',
    ):
        assert is_certain(text), text


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["code"])
def test_what_invites_beside_a_wish_leaves_it_to_a_person(table: dict[str, list[str]]) -> None:
    """So does a question, and somebody else's words. Each language has words of its own that invite."""
    example = str(table["example"]).strip(".")
    for text in (
        f"{example}. {table['invites'][0]} +1 555 0100.",
        f"{example}. Who are you?",
        f"{example}, {table['against'][0]} x y",
        f'They told us: "{example}" and so on',
    ):
        found = wish_in(text)
        assert found is not None, text
        assert not found.is_certain, text


def test_no_plain_refusal_and_no_other_class_of_answer_is_a_wish() -> None:
    for rule in answer_rules():
        found = wish_in(rule.example)
        assert found is None or not found.is_certain, rule.example


@pytest.mark.parametrize("apostrophe", "'\u2019\u2018\u00b4`\u02bc\uff07")
def test_apostrophes_are_all_the_same(apostrophe: str) -> None:
    assert is_certain(f"Please don{apostrophe}t email me again")


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off your\nmailing list, thanks",
        "Do not send me any more e\u2010mails",
        "\uff33\uff34\uff2f\uff30",
        "Please remove me (ada@x.example) from your list.",
        "Please unsubscribe: ada@x.example",
        "Ich widerspreche gem. Art. 21 DSGVO der Nutzung meiner Daten.",
    ],
)
def test_wishes_as_programs_break_and_spell_them(text: str) -> None:
    assert is_certain(text)


@pytest.mark.parametrize(
    "text",
    [
        "Stop. The second number is wrong, it has to be 40.",
        "Please remove me from the copy, and send Bob the offer.",
        "We are moving house and unsubscribe",
        "Please do not write to ada@x.example, write to bob@x.example.",
        "Remove me from your list. Unless it is free, then call me.",
        f"{'We have read your mail with great interest. ' * 16} Remove me.",
    ],
)
def test_what_says_more_is_left_to_a_person_or_none(text: str) -> None:
    found = wish_in(text)
    assert found is None or not found.is_certain


def test_a_mention_stays_an_answer_with_evidence_and_little_confidence() -> None:
    verdict = classify_mail(answer("Does your product let people unsubscribe from the emails?"))
    assert verdict.kind is Kind.HUMAN_REPLY
    assert [(one.layer, one.rule) for one in verdict.evidence] == [("opt-out", "mention")]
    assert verdict.confidence < 0.5


def test_the_note_below_each_mail_of_a_list_is_no_mention() -> None:
    assert (
        not classify_mail(answer("Hello\n\nTo unsubscribe, write to the list.", "List-Id: <x.example>\n"))
        .evidence[0]
        .words
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["code"])
def test_a_word_that_may_also_call_off_something_else_is_a_mention(table: dict[str, list[str]]) -> None:
    for word in table["unsure"]:
        found = wish_in(f"{word.title()}.")
        assert found is not None, word
        assert not found.is_certain, word
    assert wish_in(f"{table['unsure'][0]} tomorrow at ten, Bob") is None


def test_an_empty_answer_is_known_by_its_subject() -> None:
    assert classify_mail(answer("", subject="Please remove me from your list")).kind is Kind.OPT_OUT


def test_an_answer_to_a_message_of_such_a_subject_is_none() -> None:
    """The subject behind "Re:" is ours, whatever it says."""
    assert classify_mail(answer("Gladly, call me.", subject="Re: Stop")).kind is Kind.HUMAN_REPLY
    assert classify_mail(answer("", subject="Stop")).kind is Kind.OPT_OUT
    assert classify_mail(answer("", subject="Re: unsubscribe")).kind is Kind.OPT_OUT


@pytest.mark.parametrize(
    "text", ["stop " * 4_000, "bitte danke " * 1_500, "do not " * 2_000, '"' * 20_000, "a," * 9_000]
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    began = time.thread_time()
    wish_in(text)
    assert time.thread_time() - began < 1


def test_long_texts_are_never_certain() -> None:
    assert not is_certain("Remove me. " + "We know. " * MOST_WORDS)


def is_certain(text: str) -> bool:
    found = wish_in(text)
    return found is not None and found.is_certain


def answer(text: str, headers: str = "", *, subject: str = "Re: A question") -> Mail:
    head = f"From: Anna <anna@kunde.example>\nSubject: {subject}\n{headers}Content-Type: text/plain; charset=utf-8"
    return parse_mail(f"{head}\n\n{text}".encode())
