"""Mails that were made to break their reader, or were broken on the way: each is stored, none raises."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sending.bounces import Kind, Mail, parse_mail
from sending.inbox import understanding
from sending.inbox.models import InboundMessage
from sending.inbox.services import take_in
from sending.inbox.understanding import content_key, understand
from sending.planner.states import EnrollmentState, StopReason
from tests.sending.inbox.scene import Scene, come_in, dsn, mail, make_scene, raw_mail

FROM_ADA = b"From: ada@x.example\r\n"
REPORT = b"From: mailer-daemon@mx.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
STATUS = REPORT + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
NESTED = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
HOSTILE = {
    "nothing": b"",
    "no header": b"just words",
    "only line ends": b"\r\n\r\n\r\n",
    "NUL everywhere": b"From: a\x00@x\r\nSubject: \x00\r\nMessage-ID: <a\x00@x>\r\nReferences: <\x00>\r\n\r\n\x00",
    "eight bits": bytes(range(128, 256)) * 50,
    "eight bits in headers": b"From: \xff\xfe <\xe9@x.example>\r\nSubject: \xc3\x28\r\n\r\n\xa0\xa1",
    "nested comments": b"From: " + b"(" * 20_000 + b" ada@x.example\r\n\r\nYes",
    "nested parts": b"".join(NESTED % (number, number) for number in range(300)),
    "a huge header": FROM_ADA + b"Subject: " + b"A" * 600_000 + b"\r\n\r\nYes",
    "many headers": b"".join(b"X-%d: y\r\n" % number for number in range(5_000)) + b"\r\nYes",
    "many references": FROM_ADA + b"References: " + b"<a@b> " * 20_000 + b"\r\n\r\nYes",
    "an endless line": FROM_ADA + b"\r\n" + b"x" * 2_000_000,
    "no boundary": FROM_ADA + b"Content-Type: multipart/mixed\r\n\r\nYes",
    "a lying charset": FROM_ADA + b"Content-Type: text/plain; charset=utf-16\r\n\r\nYes",
    "an unknown charset": FROM_ADA + b"Content-Type: text/plain; charset=klingon\r\n\r\nYes",
    "a charset that is code": FROM_ADA + b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800\\x00",
    "half characters": b"From: a@x\r\nSubject: =?utf-7?q?+2AA-+AAA-?=\r\nMessage-ID: =?utf-7?q?<+2AA-@x>?=\r\n\r\n",
    "a bad date": FROM_ADA + b"Date: Fri, 99 Foo 0000 99:99:99 +9999\r\n\r\nYes",
    "a bad transfer": FROM_ADA + b"Content-Transfer-Encoding: base64\r\n\r\n=\xff=\x00!!",
    "markup that is no markup": FROM_ADA + b"Content-Type: text/html\r\n\r\n<![x <!-- &#0; &#xd800;",
    "a report without words": STATUS + b"Final-Recipient: rfc822; a@b.c\r\nAction: \r\nStatus: \r\n--b--",
    "a report with NUL": STATUS + b"x\r\nAction: failed\x00\xff\r\nDiagnostic-Code: smtp; 550 \x00\xff\r\n--b--",
    "a report that returns NUL": STATUS + b"Action: failed\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nx\r\n\r\n"
    b"Message-ID: <a\x00\xff@b>\r\n--b--",
    "an opt-out with NUL": b"From: a\x00da@x.example\r\nSubject: unsubscribe\r\n\r\n\x00",
}


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_stored_once_and_those_behind_it_are_understood(scene: Scene, name: str) -> None:
    row = come_in(scene, HOSTILE[name])
    assert bytes(row.raw) == HOSTILE[name]
    assert row.evidence, "whatever it is, it says what it was taken for"
    assert take_in(scene.mailbox, raw_mail(HOSTILE[name])) is None
    assert come_in(scene, mail(sender="x@y.example", in_reply_to=scene.message.message_id)).kind == Kind.HUMAN_REPLY
    assert InboundMessage.objects.count() == 2


def test_answer_whose_body_breaks_its_reader_still_stops_the_sequence(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reader(raw: bytes) -> Mail:
        """Break at a body, as Python's parsers did at some before they were guarded."""
        if b"no reader knows this" in raw:
            raise AssertionError
        return parse_mail(raw)

    monkeypatch.setattr(understanding, "parse_mail", reader)
    row = come_in(scene, mail("no reader knows this", in_reply_to=scene.message.message_id))
    assert (row.kind, row.answers) == (Kind.HUMAN_REPLY, scene.message)
    assert row.evidence[0] == {"layer": "unreadable", "rule": "whole", "words": "AssertionError"}
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


def test_report_with_unstorable_words_still_suppresses(scene: Scene) -> None:
    raw = dsn(scene.message.message_id, said="smtp; 550 No such user NUL").replace(b"NUL", b"\x00\xff")
    come_in(scene, raw)
    assert set(scene.suppressed()) == {"ada@x.example"}


@given(st.binary(max_size=3_000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_understood_and_have_a_key(raw: bytes) -> None:
    found = understand(raw)
    assert len(content_key(found.mail, raw)) == 64
    for one in found.verdict.evidence:
        assert not set(one.words) & {"\x00", "\ud800"}


_LINE = st.sampled_from(
    [
        b"From: ada@x.example", b"Subject: =?utf-8?q?=00?=", b"Message-ID: <a\x00@b>", b"In-Reply-To: <", b"",
        b"Content-Type: multipart/report; boundary=b", b"--b", b"--b--", b"Content-Type: message/delivery-status",
        b"Action: ", b"Action: failed", b"Status: 5.1.1", b"Final-Recipient: rfc822; a@b.c", b"\x00", b"\xff\xfe",
        b"Content-Type: message/rfc822", b"Content-Type: message/feedback-report", b"Feedback-Type: abuse",
        b"Content-Type: text/html", b"<![x", b"(" * 2_000, b"unsubscribe",
    ]
)  # fmt: skip


@given(lines=st.lists(_LINE, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mixture_of_mail_is_stored(scene: Scene, lines: list[bytes]) -> None:
    """What the standard library, the classifier and PostgreSQL each would trip over, in any order."""
    raw = b"\r\n".join(lines)
    with transaction.atomic():
        assert bytes(come_in(scene, raw).raw) == raw
        transaction.set_rollback(True)


def test_same_mail_has_the_same_key_under_other_transport_headers() -> None:
    raw = mail("Yes", message_id="<1@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000")
    moved = b"X-Spam: no\r\nReceived: by elsewhere\r\n" + raw
    assert key(raw) == key(moved)


def key(raw: bytes) -> str:
    return content_key(parse_mail(raw), raw)


@pytest.mark.parametrize(
    "other",
    [
        mail("No", message_id="<1@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000"),
        mail("Yes", message_id="<2@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000"),
        mail("Yes", message_id="<1@x.example>", date="Tue, 06 Jan 2026 12:00:00 +0000"),
        mail("Yes", message_id="<1@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000", subject="Re: Other"),
        mail("Yes", message_id="<1@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000", sender="bob@x.example"),
    ],
)
def test_other_mails_have_other_keys(other: bytes) -> None:
    assert key(other) != key(mail("Yes", message_id="<1@x.example>", date="Mon, 05 Jan 2026 12:00:00 +0000"))


def test_bounces_without_message_id_differ_by_what_they_return() -> None:
    first, second = (dsn(f"<{n}@acme.example>").replace(b"Message-ID: <dsn-1@mx.example>\r\n", b"") for n in (1, 2))
    assert key(first) != key(second)


def test_mails_without_text_differ_by_their_bytes() -> None:
    first, second = (b"Content-Type: application/pdf\r\n\r\n%PDF-" + one for one in (b"1", b"2"))
    assert key(first) != key(second)
    assert key(first) == key(first.replace(b"\r\n", b"\n") + b"\n"), "line ends and the last empty line do not count"
