"""Absences in languages that were short of words (absences.txt), with their day; and what sounds like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sending.bounces import Kind, Mail, classify_mail, parse_mail

ABSENCES = [
    tuple(part.strip() for part in line.split("|", 3))
    for line in (Path(__file__).parent / "absences.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def mail_of(subject: str, text: str) -> Mail:
    head = f"From: Anna Berg <anna@kunde.example>\nSubject: {subject}\nDate: Tue, 1 Dec 2026 09:00:00 +0100"
    return parse_mail(f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode())


@pytest.mark.parametrize(("language", "day", "subject", "text"), ABSENCES)
def test_an_absence_is_known_with_its_day(language: str, day: str, subject: str, text: str) -> None:
    verdict = classify_mail(mail_of(subject, text))
    assert verdict.kind is Kind.AUTO_REPLY, language
    assert "absence" in {one.rule for one in verdict.evidence}
    told = verdict.return_date.isoformat() if verdict.return_date else "-"
    # A day without a year is of the year of the mail here; what follows takes it for the next one (inbox/outcomes.py).
    assert told in {day, day.replace("2027", "2026") if day[:4] not in text else day}


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Re: Absence management for Acme", "Yes, sounds good. Call me tomorrow.", Kind.HUMAN_REPLY),
        ("Re: Absence management for Acme", "Please remove me from your list.", Kind.OPT_OUT),
        ("Re: Out of office signage", "Who are you?\n\n> I am out of the office.", Kind.HUMAN_REPLY),
        ("Re: Out of office", "I am out of the office until 12 January.", Kind.AUTO_REPLY),
        ("Out of office: Absence management", "Thank you for your message.", Kind.AUTO_REPLY),
    ],
)
def test_a_subject_of_ours_that_speaks_of_absences_makes_no_absence(subject: str, text: str, kind: Kind) -> None:
    head = f"From: Ada <ada@kunde.example>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
    assert classify_mail(parse_mail(f"{head}\n\n{text}".encode())).kind is kind
