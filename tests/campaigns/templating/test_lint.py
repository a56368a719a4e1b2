"""The lint sees what hurts a mail, tells the gravest first, and does not cry wolf."""

from __future__ import annotations

import pytest

from campaigns.templating import Severity, lint

GOOD = "Hi {{ first_name|default('THERE OK') }},\n\nIs {{ company }} hiring? See https://example.com/a.\n\nBob"


def codes(subject: str = "A question", body: str = GOOD, *, is_first: bool = True) -> list[str]:
    return [finding.code for finding in lint(subject, body, is_first=is_first)]


def test_good_mail_has_no_findings() -> None:
    assert codes() == []


@pytest.mark.parametrize("subject", ["Re: hello", "RE : hello", "Fwd: x", "FW: x", "AW: x", "re[2]: x"])
def test_fake_thread_blocks_a_first_mail_only(subject: str) -> None:
    (finding,) = lint(subject, GOOD)
    assert (finding.code, finding.severity) == ("fake_thread", Severity.BLOCK)
    assert codes(subject, is_first=False) == []


def test_subject_that_only_begins_like_a_mark_of_answers_is_fine() -> None:
    assert codes("Rethinking: a plan") == []
    assert codes("Regarding: a plan") == []


@pytest.mark.parametrize(
    "token",
    ["[First Name]", "%FIRST_NAME%", "<<name>>", "*|FNAME|*", "${name}", "{{ first_name", "first_name }}", "[insert]"],
)
def test_token_of_whatever_program_blocks(token: str) -> None:
    findings = lint("A question", f"Hi {token},")
    assert [(one.code, one.severity) for one in findings] == [("unrendered_token", Severity.BLOCK)]
    assert token.strip("first_name ") in findings[0].what


def test_place_that_a_template_left_open_blocks_and_is_named() -> None:
    (finding,) = lint("About [[your product]]", "Hi,\n\nI saw [[First Name]] and {{ company }}.")
    assert (finding.code, finding.severity) == ("open_place", Severity.BLOCK)
    assert finding.what == "This is still to be filled in: [[First Name]], [[your product]]."
    assert codes(body=GOOD + " [[not\none line]] [[]]") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("http://a.example and https://b.example", "links"),
        ("www.a.example, www.b.example", "links"),
        ("<img src='x'>", "image"),
        ("![logo](x.png)", "image"),
        ("data:image/png;base64,AAAA", "image"),
        ("word " * 201, "long_body"),
        ("FREE MONEY now", "shouting"),
        ("Now!!", "punctuation"),
        ("Really?!", "punctuation"),
    ],
)
def test_weak_wording_is_found(body: str, code: str) -> None:
    assert codes(body=body) == [code]


def test_long_subject_is_noted() -> None:
    assert codes("x" * 71) == ["long_subject"]
    assert codes("x" * 70) == []


def test_one_word_in_capitals_may_be_a_name() -> None:
    assert codes(body="I work at NASA.") == []


def test_gravest_finding_comes_first_and_each_says_what_why_and_how() -> None:
    findings = lint("Re: " + "X" * 80, "HELLO THERE!! [First Name]")
    assert [one.severity for one in findings] == sorted(
        (one.severity for one in findings), key=[Severity.BLOCK, Severity.WARN, Severity.NOTE].index
    )
    assert all(one.what and one.why and one.fix for one in findings)
