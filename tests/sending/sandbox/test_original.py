"""What is read of a message: the right things of a good one, and something of any bytes whatever."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sending.sandbox import letters
from sending.sandbox.original import read_original

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
GOOD = (
    "From: =?utf-8?q?In=C3=AAs?= <ines@brightpath.test>\r\nTo: Anna Kowalska <ANNA@acme.test>\r\n"
    "Message-ID:\r\n <abc.1@brightpath.test>\r\nReferences: <a@x.test>\r\n\t<b@x.test>\r\n"
    "Subject: =?utf-8?q?Caf=C3=A9?= at noon\r\nDate: Tue, 24 Nov 2026 09:15:00 +0100\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nCześć,\r\n\r\nbye\r\n"
).encode()


def test_a_message_is_read() -> None:
    original = read_original(GOOD, "ines@brightpath.test", "anna@acme.test")
    assert original.message_id == "<abc.1@brightpath.test>"
    assert original.references == "<a@x.test> <b@x.test>"
    assert original.subject == "Café at noon"
    assert (original.sender_name, original.recipient_name) == ("Inês", "Anna Kowalska")
    assert original.text == "Cześć,\n\nbye"
    assert original.headers.startswith("From: =?utf-8?q?In=C3=AAs?= <ines@brightpath.test>\nTo: Anna")
    assert "Cześć" not in original.headers
    assert original.sent_at(AT) == datetime(2026, 11, 24, 8, 15, tzinfo=UTC)


def test_a_message_without_anything_is_read() -> None:
    original = read_original(b"", "me@acme.test", "you@acme.test")
    assert (original.message_id, original.subject, original.text) == ("", "", "")
    assert original.sent_at(AT) == AT


@pytest.mark.parametrize(
    "raw",
    [
        b"Message-ID: none\r\n\r\n",
        b"Message-ID: <with space@x>\r\n\r\n",
        b"Message-ID: <" + b"a" * 5_000 + b"@x>\r\n\r\n",
    ],
)
def test_what_is_no_message_id_is_none(raw: bytes) -> None:
    assert read_original(raw, "me@acme.test", "you@acme.test").message_id == ""


HOSTILE = [
    b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla",
    b"Content-Type: text/plain; charset*=x''y\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
    b'Subject: =?utf-8?b?////?= =?nope?q?x?=\r\nFrom: <<<@@,;:\r\nTo: "\r\nDate: 99 Foo\r\n\r\n\xff\xfe\x00',
    b"Subject: a\rb\x00c\x85d\xe2\x80\xa8e\r\nMessage-ID: <\x00@x>\r\n\r\n",
    b"Date: Tue, 24 Nov 99999 09:15:00 +9999\r\n\r\n",
    b"--x\r\n".join([b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"] * 3000),
    b"Content-Type: message/rfc822\r\n\r\n" * 3000,
]  # fmt: skip


@given(st.binary(max_size=400), st.binary(max_size=200))
@example(HOSTILE[0], b"")
def test_reactions_to_any_bytes_are_mails_with_one_sender_and_no_header_of_the_attacker(
    head: bytes, body: bytes
) -> None:
    react(b"X-Start: 1\r\nSubject: " + head + b"\r\n\r\n" + body)


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_reactions_to_hostile_messages_are_mails(raw: bytes) -> None:
    react(raw)


def react(raw: bytes) -> None:
    original = read_original(raw, "me@acme.test", "you+reply@acme.test")
    for write in (letters.answer, letters.opt_out, letters.absence, letters.bounce, letters.complaint):
        mail = write(original, AT)
        head = mail.partition(b"\r\n\r\n")[0]
        names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
        assert all(name.replace(b"-", b"").isalpha() for name in names), head
        for once in (b"from", b"to", b"subject", b"message-id", b"date"):
            assert names.count(once) == 1
        assert b"\n" not in head.replace(b"\r\n", b"")
        assert b"\r" not in head.replace(b"\r\n", b"")
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head)
