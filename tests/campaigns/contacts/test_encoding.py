from __future__ import annotations

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.contacts.core.encoding import LABELS, LINE_LIMIT_BYTES, EncodingProbe
from campaigns.contacts.errors import BadFile


def found(content: bytes, piece_bytes: int = 64 * 1024) -> str:
    probe = EncodingProbe()
    for start in range(0, len(content), piece_bytes):
        probe.feed(content[start : start + piece_bytes])
    return probe.found()


GERMAN = "E-Mail;Vorname;Ort\nj@example.de;Jürgen;Köln\nb@example.de;Björn;Düsseldorf\nk@example.de;Käthe;Weiß\n"
FRENCH = (
    "e-mail;prénom;société\na@example.fr;Hélène;Café de l\u2019Étoile \u2013 Paris\nb@example.fr;François;Crédit €\n"
)
POLISH = "email;imię;miasto\na@example.pl;Łukasz;Łódź\nb@example.pl;Grażyna;Gdańsk\nc@example.pl;Świętosława;Żory\n"
RUSSIAN = "email;имя;город\na@example.ru;Иван;Москва\nb@example.ru;Ольга;Санкт-Петербург\n"
JAPANESE = "email,名前,会社\na@example.jp,山田太郎,株式会社テスト\nb@example.jp,佐藤花子,東京商事\n"


@pytest.mark.parametrize(
    ("text", "written_as", "wanted"),
    [
        ("email,name\na@example.com,Ada\n", "ascii", "utf-8"),
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8-sig", "utf-8-sig"),
        (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        (GERMAN, "utf-16-be", "utf-16-be"),
        (GERMAN, "utf-32", "utf-32"),
        (GERMAN, "cp1252", "cp1252"),
        (FRENCH, "cp1252", "cp1252"),
        ("email,name\na@example.com,José\n", "cp1252", "cp1252"),
        (POLISH, "cp1250", "cp1250"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8_r", "koi8_r"),
        (JAPANESE, "shift_jis", "shift_jis"),
    ],
)
@pytest.mark.parametrize("piece_bytes", [3, 64 * 1024])
def test_the_encoding_is_found_in_pieces_of_any_size(text: str, written_as: str, wanted: str, piece_bytes: int) -> None:
    assert found(text.encode(written_as), piece_bytes) == wanted
    assert wanted in LABELS


def test_a_foreign_character_far_behind_the_beginning_still_decides() -> None:
    content = b"email,name\n" + b"a@example.com,Ada\n" * 20_000 + "j@example.de,Jürgen\n".encode("cp1252")
    assert found(content) == "cp1252"


def test_utf8_with_one_damaged_byte_stays_utf8() -> None:
    assert found((GERMAN * 10).encode() + b"x@example.com,\xff\n") == "utf-8"


def test_the_byte_order_mark_wins_over_damaged_bytes() -> None:
    assert found(codecs.BOM_UTF8 + b"email\n\xff\n") == "utf-8-sig"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (gzip.compress(b"email\na@example.com\n", mtime=0), "gzip"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "picture"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(64), "binary"),
    ],
)
@pytest.mark.parametrize("piece_bytes", [3, 64 * 1024])
def test_other_formats_are_refused_by_name_with_what_to_do(content: bytes, words: str, piece_bytes: int) -> None:
    with pytest.raises(BadFile) as caught:
        found(content, piece_bytes)
    assert words in str(caught.value)


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    probe = EncodingProbe()
    for _ in range(LINE_LIMIT_BYTES // 2**20):
        probe.feed(b"x" * 2**20)
    with pytest.raises(BadFile, match="A line of the file has more than 16 MB"):
        probe.feed(b"x")


@given(st.binary(max_size=2_000), st.integers(1, 500))
def test_any_bytes_have_a_known_encoding_or_a_named_problem(content: bytes, piece_bytes: int) -> None:
    try:
        name = found(content, piece_bytes)
    except BadFile:
        return
    assert name in LABELS
    codecs.lookup(name)
