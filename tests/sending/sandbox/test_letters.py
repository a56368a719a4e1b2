"""The mails that come back, read again with the stdlib."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage, Message
from email.utils import parseaddr

import pytest

from sending.sandbox import letters, phrases
from sending.sandbox.behaviour import choice_of
from sending.sandbox.letters import Original, person_of
from sending.sandbox.shapes import PROGRAMS, subject_of
from tests.sending.sandbox.post import parsed

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ORIGINAL = Original(
    message_id="<abc@brightpath.test>",
    references="<first@brightpath.test>",
    subject="A question",
    sender="olivia@brightpath.test",
    recipient="anna.kowalska@acme.test",
    text="Hi Anna,\n\none question.\n",
    headers="From: olivia@brightpath.test\nMessage-ID: <abc@brightpath.test>\nSubject: A question\n",
    sender_name="Olivia Stone",
    recipient_name="Anna Kowalská",
    date="Tue, 24 Nov 2026 08:15:00 +0000",
)
CROWD = tuple(replace(ORIGINAL, recipient=f"anna.k{number}@acme.test") for number in range(300))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def parts_of(mail: EmailMessage) -> tuple[str, list[Message], str]:
    """Return the parts of a report: words for people, blocks of fields for programs, our headers."""
    assert mail.get_content_type() == "multipart/report"
    words, fields, headers = mail.iter_parts()
    kinds = [part.get_content_type() for part in (words, fields, headers)]
    assert kinds == ["text/plain", f"message/{mail.get_param('report-type')}", "text/rfc822-headers"]
    blocks = fields.get_payload()
    assert isinstance(blocks, list)
    return words.get_content(), [block for block in blocks if isinstance(block, Message)], headers.get_content()


@pytest.mark.parametrize("write", [letters.answer, letters.opt_out, letters.absence])
def test_what_people_write_belongs_to_our_thread(write: object) -> None:
    assert callable(write)
    mail = parsed(write(ORIGINAL, AT))
    assert mail["In-Reply-To"] == "<abc@brightpath.test>"
    assert str(mail["References"]).split() == ["<first@brightpath.test>", "<abc@brightpath.test>"]
    assert mail["To"].addresses[0].addr_spec == "olivia@brightpath.test"
    assert mail["From"].addresses[0].display_name == "Anna Kowalská"
    assert mail["Date"].datetime == AT
    assert str(mail["Message-ID"]).endswith("@acme.test>")


@pytest.mark.parametrize("write", [letters.answer, letters.opt_out, letters.absence, letters.bounce, letters.complaint])
def test_the_same_message_gets_the_same_bytes(write: object) -> None:
    assert callable(write)
    for original in CROWD[:40]:
        assert write(original, AT) == write(original, AT)


def test_answers_have_every_tone_language_and_shape() -> None:
    chosen = {phrases.ANSWERS[choice_of(one.recipient, len(phrases.ANSWERS), "answer")] for one in CROWD}
    assert chosen == set(phrases.ANSWERS)
    assert {one.tone for one in chosen} == set(phrases.Tone)
    assert {one.language for one in chosen} == set(phrases.SIGN_OFFS)
    bodies = [parsed(letters.answer(one, AT)) for one in CROWD]
    texts = [text_of(mail) for mail in bodies]
    for mark in (
        "On Tue, Nov 24, 2026 at 8:15 AM Olivia Stone <olivia@brightpath.test> wrote:",
        "From: Olivia Stone <olivia@brightpath.test>\nSent: Tuesday, 24 November 2026 08:15",
        "> On 24 Nov 2026, at 08:15, Olivia Stone <olivia@brightpath.test> wrote:",
        "Am 24.11.26 um 08:15 schrieb Olivia Stone:",
        "On Tue, 24 Nov 2026 at 08:15, olivia@brightpath.test wrote:",
        "Sent from my iPhone",
    ):
        assert any(mark in text for text in texts), mark
    assert {mail.get_content_type() for mail in bodies} == {"text/plain", "multipart/alternative"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_each_mail_program_quotes_our_message_below_the_answer(program: object) -> None:
    texts = [text_of(parsed(letters.answer(one, AT))) for one in CROWD]
    chosen = [PROGRAMS[choice_of(one.recipient, len(PROGRAMS), "program")] for one in CROWD]
    mine = [text for text, by in zip(texts, chosen, strict=True) if by is program]
    assert mine
    for text in mine:
        above, found, _ = text.rpartition("one question.")
        assert found
        assert above.strip()
        assert not above.lstrip().startswith(">")


def test_html_of_an_answer_escapes_what_was_quoted() -> None:
    hostile = [replace(one, text="<script>alert(1)</script>\n", sender_name="<b>") for one in CROWD]
    pages = [page for one in hostile if (page := parsed(letters.answer(one, AT)).get_body(("html",)))]
    assert pages
    assert all("<script" not in page.get_content() and "<b>" not in page.get_content() for page in pages)


def test_some_people_answer_from_another_address_of_theirs() -> None:
    senders = {one.recipient: parseaddr(str(parsed(letters.answer(one, AT))["From"]))[1] for one in CROWD}
    others = {written_to: sender for written_to, sender in senders.items() if sender != written_to}
    assert 10 <= len(others) <= 60
    assert all(sender.endswith("@acme.test") for sender in others.values())
    absent = {parseaddr(str(parsed(letters.absence(one, AT))["From"]))[1] for one in CROWD}
    assert absent == {one.recipient for one in CROWD}


def test_a_name_comes_from_our_message_else_from_the_address() -> None:
    assert person_of(ORIGINAL).name == "Anna Kowalská"
    assert person_of(replace(ORIGINAL, recipient_name="")).name == "Anna Kowalska"
    assert person_of(replace(ORIGINAL, recipient_name="", recipient="jo+reply@nord-foods12.test")).name == "Jo"
    assert person_of(replace(ORIGINAL, recipient="jo+reply@nord-foods12.test")).company == "Nord Foods"


@pytest.mark.parametrize("subject", ["Re: A question", "RE: A question", "AW: A question"])
def test_a_mark_of_an_answer_is_not_set_twice(subject: str) -> None:
    assert {subject_of(replace(ORIGINAL, subject=subject), program) for program in PROGRAMS} == {subject}


def test_an_absence_says_that_a_machine_wrote_it_in_each_language() -> None:
    subjects = set()
    for original in CROWD[:100]:
        mail = parsed(letters.absence(original, AT))
        assert mail["Auto-Submitted"] == "auto-replied"
        assert mail["X-Auto-Response-Suppress"] == "All"
        assert "2026" in text_of(mail)
        subjects.add(str(mail["Subject"]))
    assert subjects == {note.subject.format(subject="A question") for note in phrases.ABSENCES}
    assert {note.language for note in phrases.ABSENCES} == {"en", "de", "fr", "es", "pl", "nl"}


def test_days_of_return_are_ahead() -> None:
    note = next(one for one in phrases.ABSENCES if one.language == "pl")
    mine = [
        one for one in CROWD if phrases.ABSENCES[choice_of(one.recipient, len(phrases.ABSENCES), "absence")] is note
    ]
    days = {
        date.fromisoformat(text_of(parsed(letters.absence(one, AT))).partition("wracam ")[2].partition(".")[0])
        for one in mine
    }
    assert days
    assert all(date(2026, 11, 29) <= day <= date(2026, 12, 7) for day in days)


def test_a_bounce_is_a_delivery_report_about_our_message() -> None:
    senders = set()
    for original in CROWD[:60]:
        mail = parsed(letters.bounce(original, AT))
        words, fields, headers = parts_of(mail)
        assert mail.get_param("report-type") == "delivery-status"
        assert mail["Return-Path"] == "<>"
        assert original.recipient in words
        about_server, about_recipient = fields
        assert about_server["Reporting-MTA"] == "dns; mail.sandbox.test"
        assert about_recipient["Final-Recipient"] == f"rfc822; {original.recipient}"
        assert about_recipient["Action"] == "failed"
        assert about_recipient["Status"] == "5.1.1"
        assert about_recipient["Diagnostic-Code"].startswith("smtp; 550 5.1.1 ")
        assert "Message-ID: <abc@brightpath.test>" in headers
        assert "In-Reply-To" not in mail
        senders.add(str(mail["Subject"]))
    assert len(senders) == 3, "each kind of server has its words"


def test_a_complaint_is_a_feedback_report_about_our_message() -> None:
    mail = parsed(letters.complaint(ORIGINAL, AT))
    _, fields, headers = parts_of(mail)
    assert mail.get_param("report-type") == "feedback-report"
    (block,) = fields
    assert block["Feedback-Type"] == "abuse"
    assert block["Original-Rcpt-To"] == "<anna.kowalska@acme.test>"
    assert "<abc@brightpath.test>" in headers


def test_long_ids_stay_whole() -> None:
    long = [f"<{'x' * 200}{number}@brightpath.test>" for number in range(20)]
    original = replace(ORIGINAL, message_id=long[0], references=" ".join(long[1:]))
    raw = letters.answer(original, AT)
    assert all(one.encode() in raw for one in long)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert str(parsed(raw)["References"]).split() == [*long[1:], long[0]]


def test_an_address_in_another_script_is_kept() -> None:
    original = replace(ORIGINAL, recipient="jürgen+reply@müller.test", recipient_name="")
    assert b"m\xc3\xbcller.test" in letters.answer(original, AT)
    assert "Final-Recipient: rfc822; jürgen+reply@müller.test".encode() in letters.bounce(original, AT)


def test_a_message_without_an_id_is_answered_without_a_thread() -> None:
    mail = parsed(letters.answer(replace(ORIGINAL, message_id="", references=""), AT))
    assert "In-Reply-To" not in mail
    assert "References" not in mail
