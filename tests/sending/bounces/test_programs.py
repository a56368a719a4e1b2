"""Answers and reports as programs and providers word them, in their languages: written for this test, one per cause.

None of them comes from a collection. `replies_of_programs.txt` has lines "category | what the server said",
`reports_of_programs.txt` mails below "=== name | kind, or letter | category", all about anna@kunde.example.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sending.bounces import Category, Kind, classify_line, classify_mail, parse_mail

HERE = Path(__file__).parent
LINES = [
    tuple(line.split(" | ", 1)) for line in (HERE / "replies_of_programs.txt").read_text(encoding="utf-8").splitlines()
]
MAILS = [
    (*(part.strip() for part in head.split("|")), text)
    for block in (HERE / "reports_of_programs.txt").read_text(encoding="utf-8").split("=== ")[1:]
    for head, _, text in [block.partition("\n")]
]
REPORTS = [pytest.param(*one[1:], id=one[0]) for one in MAILS if one[1] != "letter"]
LETTERS = [pytest.param(one[3], id=one[0]) for one in MAILS if one[1] == "letter"]


@pytest.mark.parametrize(("category", "line"), LINES)
def test_a_reply_is_understood_by_its_cause(category: str, line: str) -> None:
    assert classify_line(line).category == Category(category)


@pytest.mark.parametrize(("kind", "category", "text"), REPORTS)
def test_a_report_is_recognised_with_whom_it_is_about_and_why(kind: str, category: str, text: str) -> None:
    verdict = classify_mail(parse_mail(text.encode()))
    assert (verdict.kind, verdict.category) == (Kind(kind), Category(category))
    assert verdict.recipients == ("anna@kunde.example",)


@pytest.mark.parametrize("text", LETTERS)
def test_a_letter_that_speaks_of_a_failed_delivery_is_no_report(text: str) -> None:
    assert classify_mail(parse_mail(text.encode())).kind not in {Kind.BOUNCE, Kind.DELAYED, Kind.COMPLAINT}
