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
