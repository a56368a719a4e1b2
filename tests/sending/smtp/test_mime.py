"""What we build, read back by the standard library's parser, byte by byte."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sending.smtp import Message, Unbuildable, build, make_message_id, reply_subject, trim_references

PLAIN = Message(
    from_address="ada@sender.test",
    to_address="bob@recipient.test",
    subject="Quick question",
    text="Dear Bob,\n\nhow are you?\n",
    message_id="<token-1@sender.test>",
    date=dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC),
)
FULL = replace(
    PLAIN,
    from_name="Ada Lovelace",
    to_name="Bob",
    reply_to="replies@sender.test",
    html="<p>Dear Bob</p>",
    in_reply_to="<before@sender.test>",
    references=("<first@sender.test>", "<before@sender.test>"),
    list_unsubscribe="mailto:ada@sender.test?subject=unsubscribe",
    unsubscribe_url="https://sender.test/u/abc",
    extra=(("X-Campaign", "spring"),),
)
PLAIN_NAMES = [
    "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
]  # fmt: skip
FULL_NAMES = [
    "Date", "From", "To", "Subject", "Message-ID", "Reply-To", "In-Reply-To", "References", "List-Unsubscribe",
    "List-Unsubscribe-Post", "X-Campaign", "MIME-Version", "Content-Type",
]  # fmt: skip
HOSTILE = [
    "", " ", "a" * 2_000, "ä" * 2_000, "a\r\nBcc: evil@x.test", "\x00", "\x1cBcc: e@x.test", "a\x85b",
    "a\u2028b\u2029c", "=?utf-8?q?x?=", '"', "\\", "a, b <c@d.test>", "\u202eabc", "e\u0301",
    "\N{WOMAN}\u200d\N{GIRL}" * 30, "Bob (the) [builder]; x:y", "a  b", "\ttab", "x" * 75 + " " + "y" * 75 + " z",
    ".", "=", "?=", "ß" * 37, "a" * 36 + "ß", "日本語" * 40,
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(HOSTILE)


def parse(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def text_of(part: Any) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def shown(text: str, limit: int | None = None) -> str:
    """What a reader should see of a text: no controls, nothing that turns the direction, one space, cut."""
    text = re.sub("[\u202a-\u202e\u2066-\u2069]", "", re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text))
    text = re.sub(" {2,}", " ", unicodedata.normalize("NFC", text)).strip(" ")
    return text[:limit].rstrip(" ")


def with_slot(slot: str, value: Any) -> Message:
    return replace(PLAIN, **{slot: value})


def name_in(raw: bytes, header: str) -> str:
    """The display name by the older parser: the newer one leaves the space between two encoded words of a phrase."""
    value = message_from_bytes(raw)[header].replace("\r\n", "")
    return str(make_header(decode_header(parseaddr(value)[0])))


def assert_well_formed(raw: bytes) -> None:
    """CRLF only, no NUL, ASCII, short lines, no header line that is blank."""
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert b"\x00" not in raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert all(line.strip() for line in head.split(b"\r\n"))
    for word in re.findall(rb"=\?utf-8\?[bq]\?\S*\?=", head):
        assert len(word) <= 75
        start = head.rfind(b"\n", 0, head.index(word)) + 1
        assert head.find(b"\r", start) - start <= 78 or b"<" in head[start:]


def test_a_plain_message_is_these_bytes() -> None:
    assert build(PLAIN) == (
        b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
        b"From: ada@sender.test\r\n"
        b"To: bob@recipient.test\r\n"
        b"Subject: Quick question\r\n"
        b"Message-ID: <token-1@sender.test>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Dear Bob,\r\n\r\nhow are you?\r\n"
    )


def test_a_full_message_has_every_header_once_and_both_parts() -> None:
    parsed = parse(build(FULL))
    assert parsed.keys() == FULL_NAMES
    assert parsed["From"] == "Ada Lovelace <ada@sender.test>"
    assert parsed["References"] == "<first@sender.test> <before@sender.test>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert [text_of(part) for part in parsed.iter_parts()] == ["Dear Bob,\n\nhow are you?\n", "<p>Dear Bob</p>\n"]


def test_the_same_message_gives_the_same_bytes() -> None:
    assert build(FULL) == build(FULL)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, TEXTS, TEXTS)
@example("Jürgen " * 18, "", "x" * 499 + "é")
def test_whatever_stands_in_names_and_subject_adds_no_header_and_comes_back(sender: str, to: str, subject: str) -> None:
    raw = build(replace(FULL, from_name=sender, to_name=to, subject=subject))
    assert_well_formed(raw)
    parsed = parse(raw)
    assert parsed.keys() == FULL_NAMES
    assert parsed["Subject"] == shown(subject, 500)
    for name, given_name, address in (("From", sender, "ada@sender.test"), ("To", to, "bob@recipient.test")):
        header = parsed[name]
        assert isinstance(header, AddressHeader)
        assert [one.addr_spec for one in header.addresses] == [address]
        assert name_in(raw, name) == shown(given_name, 128)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.none() | TEXTS, TEXTS)
@example("--=_d5c1a8b3\n", "--=_d5c1a8b3--\n", "")
@example("\n.\n..\r\n.\r.\n", "From here\n", "a")
@example("trailing \n\ttab\t\n", "é" * 3_000, "b")
def test_whatever_stands_in_the_bodies_and_extra_headers_comes_back(text: str, html: str | None, extra: str) -> None:
    raw = build(replace(PLAIN, text=text, html=html, extra=(("X-Note", extra),)))
    assert_well_formed(raw)
    parsed = parse(raw)
    assert parsed["X-Note"] == shown(extra)
    parts = list(parsed.iter_parts()) if parsed.is_multipart() else [parsed]
    contents = [text] if html is None else [text, html]
    assert len(parts) == len(contents)
    for part, content in zip(parts, contents, strict=True):
        expected = content.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
        assert text_of(part) == (expected if expected.endswith("\n") else expected + "\n")


@given(st.lists(st.text(max_size=80), max_size=5), st.text(max_size=80))
def test_whatever_stands_in_ids_of_other_people_breaks_nothing(references: list[str], in_reply_to: str) -> None:
    try:
        raw = build(replace(PLAIN, references=tuple(references), in_reply_to=in_reply_to))
    except Unbuildable:
        pytest.fail("an inbound id must never stop a message")
    assert_well_formed(raw)
    assert set(parse(raw).keys()) - set(PLAIN_NAMES) <= {"References", "In-Reply-To"}


SLOTS = ["subject", "text", "html", "from_name", "to_name", "from_address", "to_address", "reply_to", "message_id",
         "list_unsubscribe", "unsubscribe_url"]  # fmt: skip


@pytest.mark.parametrize("slot", SLOTS)
def test_a_lone_surrogate_is_refused_in_every_slot(slot: str) -> None:
    with pytest.raises(Unbuildable):
        build(with_slot(slot, "a\ud800@x.test"))


BAD_ADDRESSES = [
    "", "nobody", "a@b@c.test", "a b@c.test", "a@c.test\r\nBcc: e@x.test", "a@c.test, e@x.test", "<a@c.test>",
    "a@c.test>", "a@c.test\x00", "a\u2028@c.test", "a@" + "x" * 300, "x" * 65 + "@c.test", "Bob <a@c.test>",
]  # fmt: skip
BAD_IDS = ["", "x", "<a@b", "<a b@c>", "<a@b>\r\nBcc: e@x.test", "<a@b><c@d>", "<" + "x" * 300 + ">"]


@pytest.mark.parametrize("slot", ["from_address", "to_address"])
@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_no_address_is_refused(slot: str, address: str) -> None:
    with pytest.raises(Unbuildable, match="address"):
        build(with_slot(slot, address))


@pytest.mark.parametrize("message_id", BAD_IDS)
def test_what_is_no_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(Unbuildable, match="Message-ID"):
        build(replace(PLAIN, message_id=message_id))


@pytest.mark.parametrize("name", ["Bcc", "X-", "X-a b", "X-a:", "X-a\r\nBcc", "Subject", "x" * 70])
def test_only_x_headers_can_be_added(name: str) -> None:
    with pytest.raises(Unbuildable, match="header name"):
        build(replace(PLAIN, extra=((name, "value"),)))


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "x", "mailto:" + "x" * 2_000, "ftp://x.test"])
def test_only_mail_and_web_links_unsubscribe(uri: str) -> None:
    with pytest.raises(Unbuildable, match="link"):
        build(replace(PLAIN, list_unsubscribe=uri))


def test_list_unsubscribe_stands_on_one_line_however_long_it_is() -> None:
    url = "https://sender.test/u/" + "x" * 400
    raw = build(replace(FULL, unsubscribe_url=url))
    assert f"List-Unsubscribe: <{url}>, <mailto:ada@sender.test?subject=unsubscribe>\r\n".encode() in raw


def test_a_link_cannot_end_its_line_or_its_brackets() -> None:
    raw = build(replace(PLAIN, list_unsubscribe="mailto:a@x.test?subject=a\r\nBcc: e@x.test>"))
    assert parse(raw).keys() == [*PLAIN_NAMES[:5], "List-Unsubscribe", *PLAIN_NAMES[5:]]
    assert b"List-Unsubscribe: <mailto:a@x.test?subject=a%0D%0ABcc:%20e@x.test%3E>\r\n" in raw


def test_one_click_is_promised_only_for_https() -> None:
    assert b"List-Unsubscribe-Post" not in build(replace(PLAIN, unsubscribe_url="http://sender.test/u"))
    assert b"List-Unsubscribe-Post" not in build(replace(PLAIN, list_unsubscribe="mailto:a@x.test"))


def test_a_domain_beyond_ascii_goes_as_a_labels() -> None:
    raw = build(replace(PLAIN, from_address="ada@bücher.test", to_address="bob@bücher.test"))
    assert b"From: ada@xn--bcher-kva.test\r\nTo: bob@xn--bcher-kva.test\r\n" in raw


def test_an_address_beyond_ascii_makes_a_utf8_header() -> None:
    raw = build(replace(PLAIN, to_address="jürgen@recipient.test"))
    assert "To: jürgen@recipient.test\r\n".encode() in raw


def test_mostly_latin_text_is_readable_in_the_raw_header() -> None:
    assert b"Subject: =?utf-8?q?Caf=C3=A9_on_Friday_with_the_others?=\r\n" in build(
        replace(PLAIN, subject="Café on Friday with the others")
    )


def test_a_long_plain_line_and_8_bit_text_go_as_quoted_printable() -> None:
    raw = build(replace(PLAIN, text="word " * 300 + "\nGrüße\n"))
    assert b"Content-Transfer-Encoding: quoted-printable" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert b"Gr=C3=BC=C3=9Fe" in raw


def test_a_text_that_holds_the_boundary_does_not_end_its_part() -> None:
    boundary = re.search(rb'boundary="([^"]+)"', build(replace(PLAIN, html="<p>x</p>")))
    assert boundary is not None
    evil = f"--{boundary[1].decode()}--\n"
    parsed = parse(build(replace(PLAIN, text=evil, html=evil)))
    assert [text_of(part) for part in parsed.iter_parts()] == [evil, evil]


def test_a_message_id_is_made_of_a_token_and_the_senders_domain() -> None:
    assert make_message_id("sender.test", "abc-123_X") == "<abc-123_X@sender.test>"
    assert make_message_id("bücher.test", "abc") == "<abc@xn--bcher-kva.test>"
    for domain, token in (("sender.test>", "a"), ("sender.test", "a b"), ("sender.test", "a\r\nX: y")):
        with pytest.raises(Unbuildable):
            make_message_id(domain, token)


@pytest.mark.parametrize(
    ("subject", "reply"),
    [("Hello", "Re: Hello"), ("Re: Hello", "Re: Hello"), ("RE:Hello", "Re: Hello"), (" re : Hello", "Re: Hello"),
     ("", "Re: "), ("Regarding you", "Re: Regarding you"), ("Re: Re: x", "Re: Re: x")],
)  # fmt: skip
def test_a_reply_has_one_re(subject: str, reply: str) -> None:
    assert reply_subject(subject) == reply
    assert reply_subject(reply) == reply


@given(st.lists(st.text(min_size=1), max_size=60))
def test_trimmed_references_keep_the_first_and_the_newest(ids: list[str]) -> None:
    kept = trim_references(ids)
    assert len(kept) == min(len(ids), 20)
    assert kept[:1] == ids[:1]
    assert kept[1:] == ids[-19:] if len(ids) > 20 else kept == ids
