"""Bytes become the words that were meant, also where their charset is misnamed or missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.bounces import parse_mail
from sending.bounces.charsets import decoded

GERMAN = "Herzliche Grüße aus Köln, schöne Woche \u201eAda\u201c"
RUSSIAN = "Здравствуйте, меня нет в офисе до понедельника, спасибо за письмо"
POLISH = "Dzień dobry, dziękuję za wiadomość, proszę o kontakt w przyszłym tygodniu, żółć"


@pytest.mark.parametrize(
    ("text", "sent_as", "named"),
    [
        (GERMAN, "utf-8", ""),
        (GERMAN, "utf-8", "iso-8859-1"),  # misnamed on the way
        (GERMAN, "cp1252", "iso-8859-1"),  # Windows' own signs under the name of Latin-1
        (GERMAN, "cp1252", "us-ascii"),
        (GERMAN, "cp1252", "x-unknown"),
        (GERMAN, "cp1252", "klingon"),
        (GERMAN, "cp1252", "utf-8"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "koi8-r", ""),
        (RUSSIAN, "cp1251", ""),
        (POLISH, "iso-8859-2", "iso-8859-2"),
        ("你好,我不在办公室㐀", "gb18030", "gb2312"),
        ("사무실에 없습니다 똠", "cp949", "ks_c_5601-1987"),
        ("お世話になっております①", "cp932", "shift_jis"),
        ("お世話になっております", "iso2022_jp", ""),
        ("שלום", "iso-8859-8", "iso-8859-8-i"),
    ],
)
def test_words_are_read_as_they_were_meant(text: str, sent_as: str, named: str) -> None:
    assert decoded(text.encode(sent_as), named) == text


def test_markup_names_its_charset_itself_where_the_mail_names_none() -> None:
    head = b'<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251"></head>'
    assert decoded(head + RUSSIAN[:20].encode("cp1251"), "", is_markup=True).endswith(RUSSIAN[:20])


def test_text_that_is_cut_inside_a_sign_stays_what_it_is() -> None:
    assert decoded((GERMAN * 3).encode()[:-1] + b"\xc3", "utf-8")[:-1].startswith(GERMAN)


def test_a_mail_in_a_misnamed_charset_reads_well() -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n" + GERMAN.encode()
    assert parse_mail(raw).text == GERMAN


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "gb2312", "utf-7", "utf-16", "idna", "hex", "zlib", "x"]))
def test_any_bytes_in_any_charset_are_text(content: bytes, named: str) -> None:
    assert isinstance(decoded(content, named), str)
