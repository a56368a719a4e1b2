"""What a mail is, and that no bytes whatever break the parser."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sending.bounces import Category, Kind, classify_mail, parse_mail
from sending.sandbox import letters

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ORIGINAL = letters.Original(
    message_id="<abc@brightpath.test>",
    references="",
    subject="A question",
    sender="olivia@brightpath.test",
    recipient="anna@acme.test",
    text="Hi Anna,\n\none question.\n",
    headers="From: olivia@brightpath.test\nMessage-ID: <abc@brightpath.test>\nSubject: A question\n",
)


def mail(headers: str, body: str = "Hello.\n") -> bytes:
    return f"From: Anna <anna@acme.test>\r\n{headers}\r\n\r\n{body}".encode()


def kind_of(raw: bytes) -> Kind:
    return classify_mail(parse_mail(raw)).kind


def test_a_delivery_report_names_recipient_status_and_our_message() -> None:
    verdict = classify_mail(parse_mail(letters.bounce(ORIGINAL, AT)))
    assert (verdict.kind, verdict.category, verdict.status) == (Kind.BOUNCE, Category.BAD_MAILBOX, "5.1.1")
    assert verdict.recipients == ("anna@acme.test",)
    assert verdict.original_message_ids == ("<abc@brightpath.test>",)


def test_a_complaint_names_our_message() -> None:
    verdict = classify_mail(parse_mail(letters.complaint(ORIGINAL, AT)))
    assert (verdict.kind, verdict.category) == (Kind.COMPLAINT, Category.COMPLAINT)
    assert verdict.original_message_ids == ("<abc@brightpath.test>",)


def test_an_answer_is_a_persons_and_refers_to_our_message() -> None:
    parsed = parse_mail(letters.answer(ORIGINAL, AT))
    assert classify_mail(parsed).kind is Kind.HUMAN_REPLY
    assert parsed.in_reply_to == "<abc@brightpath.test>"


@pytest.mark.parametrize("recipient", [f"person{n}@acme.test" for n in range(24)])
def test_absences_in_each_language_have_their_date(recipient: str) -> None:
    original = letters.Original(**{**_fields(ORIGINAL), "recipient": recipient})
    verdict = classify_mail(parse_mail(letters.absence(original, AT)))
    assert verdict.kind is Kind.AUTO_REPLY
    assert verdict.return_date is not None
    assert date(2026, 11, 29) <= verdict.return_date <= date(2026, 12, 7)


@pytest.mark.parametrize(
    "words",
    [
        "unsubscribe",
        "STOP",
        "Please remove me from your list.",
        "Bitte nehmen Sie mich aus dem Verteiler.",
        "Do not contact me again, please.",
        "no thanks, remove me\n\nOn Tue, 24 Nov 2026 at 09:30, olivia@brightpath.test wrote:\n> hi",
        "Proszę mnie wypisać",
    ],
)
def test_opt_outs_in_words(words: str) -> None:
    assert kind_of(mail("Subject: Re: A question", words)) is Kind.OPT_OUT


@pytest.mark.parametrize(
    "words",
    [
        "Sounds good, call me on Monday.",
        "Yes please.\n\nOn Tue, 24 Nov 2026 at 09:30, olivia@brightpath.test wrote:\n> reply stop to unsubscribe me",
        "We cannot stop production for this, but let us talk.",
        "I would not want to remove anything from the offer. " * 12,
    ],
)
def test_answers_that_only_mention_it_are_no_opt_out(words: str) -> None:
    assert kind_of(mail("Subject: Re: A question", words)) is Kind.HUMAN_REPLY


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Subject: Out of office: back soon", Kind.AUTO_REPLY),
        ("Subject: x\r\nAuto-Submitted: auto-replied", Kind.AUTO_REPLY),
        ("Subject: x\r\nAuto-Submitted: no", Kind.HUMAN_REPLY),
        ("Subject: Abwesenheitsnotiz", Kind.AUTO_REPLY),
        ("Subject: Re: the office is out of paper", Kind.HUMAN_REPLY),
        ("Subject: unsubscribe", Kind.OPT_OUT),
    ],
)
def test_headers_and_subjects(headers: str, kind: Kind) -> None:
    assert kind_of(mail(headers)) is kind


HOSTILE = {
    "parentheses without end": b"From: " + b"(" * 20_000 + b"a@x.test\r\nTo: " + b"(" * 20_000 + b"\r\n\r\nhello",
    "markup that is none": b"From: a@x.test\r\nContent-Type: text/html\r\n\r\nbefore <![x ]> <!DOCTYPE [ after",
    "a report without an action": (
        b"From: m@x.test\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; a@x.test\r\nAction: \r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ),
    "controls in a returned copy": (
        b"From: m@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\n"
        b"Subject: a\x00b\r\n\r\nbody \x00 \xff\r\n--b--\r\n"
    ),
    "parts by the hundred thousand": (
        b"From: m@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000
    ),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_bytes_give_a_mail_and_a_verdict_that_a_database_takes(raw: bytes) -> None:
    mail = parse_mail(raw)
    verdict = classify_mail(mail)
    texts = [mail.text, mail.subject, mail.from_address, *(part.text for part in mail.parts)]
    texts += [word for one in verdict.evidence for word in (one.rule, one.words)]
    assert not [text for text in texts if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)]


def test_a_report_without_an_action_is_a_failure_by_its_status() -> None:
    verdict = classify_mail(parse_mail(HOSTILE["a report without an action"]))
    assert (verdict.kind, verdict.recipients) == (Kind.BOUNCE, ("a@x.test",))
    assert verdict.category.suppresses


def test_a_bounce_without_a_standard_form_is_known_by_its_daemon_and_words() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n"
        b"Hi. This is the qmail-send program at mx.example.\r\n"
        b"<anna@acme.test>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n"
    )
    verdict = classify_mail(parse_mail(raw))
    assert (verdict.kind, verdict.category) == (Kind.BOUNCE, Category.BAD_MAILBOX)
    assert "anna@acme.test" in verdict.recipients


def test_a_delay_notice_condemns_nobody() -> None:
    raw = letters.bounce(ORIGINAL, AT).replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
    verdict = classify_mail(parse_mail(raw))
    assert verdict.kind is Kind.DELAYED
    assert not verdict.category.suppresses


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
@example(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" * 50)
@example(b"Content-Type: text/plain; charset=no-such\n\n\xff\xfe")
@example(b"Content-Transfer-Encoding: base64\n\n!!!!")
@example(b"From: =?utf-8?b?////?= <a@b>\nSubject: =?x?q?=00?=\n\n")
@example(b"Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1")
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    parsed = parse_mail(raw)
    verdict = classify_mail(parsed)
    assert verdict.evidence
    assert "\x00" not in parsed.subject + parsed.text + parsed.from_address


def test_a_mail_of_many_parts_and_great_depth_is_bounded() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))
    wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 5000
    assert len(parse_mail(deep).parts) <= 200
    assert len(parse_mail(wide).parts) <= 200
    assert len(parse_mail(b"Subject: x\r\n\r\n" + b"y" * 5_000_000).text) <= 1_000_000


@pytest.mark.parametrize(
    "words",
    [
        "Ich bin bis 19.01. abwesend.",
        "Ich bin ab dem 19.1. wieder da, vorher zurück am 19.1.",
        "I will be back on 01/19/2026.",
        "Estarei de volta em 19 de janeiro.",
        "Jag är tillbaka den 19 januari.",
        "Jeg er tilbage den 19. januar.",
        "Palaan 19. tammikuuta.",
        "Vrátím se 19. ledna 2026.",
        "I am out until 2026-01-19.",
    ],
)
def test_return_dates_as_they_are_written_in_europe(words: str) -> None:
    raw = mail("Subject: Out of office\r\nAuto-Submitted: auto-replied\r\nDate: Mon, 05 Jan 2026 12:00:00 +0000", words)
    assert classify_mail(parse_mail(raw)).return_date == date(2026, 1, 19)


@pytest.mark.parametrize("words", ["I am back soon, version 1.2 is out.", "Until then: 3.5 of 4.", "back on 31.02."])
def test_numbers_that_are_no_dates_are_none(words: str) -> None:
    raw = mail("Subject: Out of office\r\nAuto-Submitted: auto-replied\r\nDate: Mon, 05 Jan 2026 12:00:00 +0000", words)
    assert classify_mail(parse_mail(raw)).return_date is None


def _fields(original: letters.Original) -> dict[str, str]:
    return {name: getattr(original, name) for name in letters.Original.__dataclass_fields__}
