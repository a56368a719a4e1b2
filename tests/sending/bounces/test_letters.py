"""Absences, answers and wishes to hear no more in ten languages, labelled before the classifier was asked.

`letters_of_people.txt`: "=== name | absence | day of return or -", "human | class or -", "opt_out | -", and
the subject. Absences named "exchange" carry its headers, "gmail" those of Gmail; the others
none: their words have to tell.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sending.bounces import Kind, Mail, classify_mail, parse_mail
from sending.bounces.answers import answer_of

_HEADERS = {
    "exchange": "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n",
    "gmail": "Auto-Submitted: auto-replied\nPrecedence: bulk\n",
}
LETTERS = [
    (*(part.strip() for part in head.split("|", 3)), text)
    for block in (Path(__file__).parent / "letters_of_people.txt").read_text(encoding="utf-8").split("=== ")[1:]
    for head, _, text in [block.partition("\n")]
]


def mail_of(name: str, subject: str, text: str) -> Mail:
    headers = _HEADERS.get(name.partition("-")[2], "")
    raw = (
        f"From: Anna Berg <anna@kunde.example>\nTo: me@acme.example\nSubject: {subject}\n"
        f"Date: Fri, 18 Dec 2026 09:00:00 +0100\nIn-Reply-To: <one@acme.example>\n{headers}"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}"
    )
    return parse_mail(raw.encode())


@pytest.mark.parametrize(
    ("name", "label", "subject", "text"), [(n, d, s, t) for n, kind, d, s, t in LETTERS if kind == "absence"]
)
def test_an_absence_is_known_with_its_last_day(name: str, label: str, subject: str, text: str) -> None:
    verdict = classify_mail(mail_of(name, subject, text))
    assert verdict.kind is Kind.AUTO_REPLY
    assert "absence" in {one.rule for one in verdict.evidence}
    told = verdict.return_date and verdict.return_date.isoformat()
    # A day without a year is of the year of the mail here; what follows takes it for the next one (inbox/outcomes.py).
    assert (told or "-") in {label, label.replace("2027", "2026") if label[:4] not in text else label}


@pytest.mark.parametrize(
    ("name", "label", "subject", "text"), [(n, d, s, t) for n, kind, d, s, t in LETTERS if kind == "human"]
)
def test_a_persons_answer_is_known_with_its_class(name: str, label: str, subject: str, text: str) -> None:
    mail = mail_of(name, subject, text)
    assert classify_mail(mail).kind is Kind.HUMAN_REPLY
    found = answer_of(mail, received=date(2026, 12, 18))
    assert (found.says.value if found else "-") == label


@pytest.mark.parametrize(("name", "subject", "text"), [(n, s, t) for n, kind, _, s, t in LETTERS if kind == "opt_out"])
def test_a_wish_to_hear_no_more_is_known(name: str, subject: str, text: str) -> None:
    assert classify_mail(mail_of(name, subject, text)).kind is Kind.OPT_OUT
