"""What is attached to a mail, by names that nobody can be fooled with, and its bytes as they were put in."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.bounces.attachments import MOST, attachment, attachments_of

PDF = bytes(range(256)) * 41


def mail(*parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def part(headers: str, content: bytes = PDF) -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return f"{headers}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + encoded


TEXT = b"Content-Type: text/plain\r\n\r\nHello"
NAMED = 'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="offer.pdf"'


def test_attachments_have_name_type_and_size_and_the_text_is_none() -> None:
    (found,) = attachments_of(mail(TEXT, part(NAMED)))
    assert (found.number, found.name, found.content_type, found.size_bytes) == (
        1,
        "offer.pdf",
        "application/pdf",
        len(PDF),
    )


def test_bytes_come_out_as_they_were_put_in() -> None:
    raw = mail(TEXT, part(NAMED))
    assert attachment(raw, 1) == (attachments_of(raw)[0], PDF)
    assert attachment(raw, 0) is None, "the text of the mail is no attachment"
    assert attachment(raw, 9) is None


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("filename=plain.txt", "plain.txt"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\Windows\\\\evil.exe"', "evil.exe"),
        ('filename="=?utf-8?q?Angebot_f=C3=BCr_Ada=2Epdf?="', "Angebot für Ada.pdf"),
        ("filename*=utf-8''Angebot%20f%C3%BCr.pdf", "Angebot für.pdf"),
        ("filename*0*=utf-8''ein%20sehr; filename*1*=%20langer; filename*2=name.pdf", "ein sehr langername.pdf"),
        ("filename*=iso-8859-1'de'%DCbersicht.pdf", "Übersicht.pdf"),
        ('filename="photo\u202egpj.exe"', "photo gpj.exe"),
        ('filename="a\tb<c>.html"', "a b c .html"),
        ('filename=". . "', "2-document.pdf"),
        ("", "2-document.pdf"),
        (f'filename="{"x" * 400}.pdf"', "x" * 139 + ".pdf"),
    ],
)
def test_names_are_decoded_and_mislead_nobody(told: str, name: str) -> None:
    headers = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {told}"
    (found,) = attachments_of(mail(TEXT, part(headers)))
    assert found.name == name


def test_an_unlikely_type_is_just_bytes() -> None:
    (found,) = attachments_of(mail(part('Content-Type: text/html\u00e9"/x; name=a.bin')))
    assert found.content_type in {"application/octet-stream", "text/plain"}


def test_a_returned_message_can_be_saved() -> None:
    (found,) = attachments_of(mail(TEXT, b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny"))
    assert found.name == "2-mail.eml"


def test_many_attachments_are_named_up_to_a_bound() -> None:
    assert len(attachments_of(mail(*[part(NAMED, b"x")] * (MOST + 20)))) == MOST


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda raw: mail(raw, raw)))
def test_any_bytes_have_attachments_or_none(raw: bytes) -> None:
    for one in attachments_of(raw):
        found = attachment(raw, one.number)
        assert found is not None
        assert found[0].name == one.name
