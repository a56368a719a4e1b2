"""Values at the edge: nothing reaches a header that could end it, and no text loses a letter."""

# ruff: noqa: RUF001  # names in other scripts are what is tested

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.templating import clean_header, clean_text

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("Hi\r\nBcc: evil@example.com", "Hi Bcc: evil@example.com"),
        ("a\x1cBcc: x", "a Bcc: x"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a b c d e f"),
        ("A\x00n\x7fn\x9b", "Ann"),
        ("a\u202egpj.exe\u2066", "agpj.exe"),
        ("\u200fשלום", "שלום"),
        ("a\ud800b", "ab"),
        ("Jose\u0301", "José"),
        ("  many \t spaces \u00a0 here ", "many spaces here"),
        ("👩‍👩‍👧 نام‌ها", "👩‍👩‍👧 نام‌ها"),
    ],
)
def test_header_value_is_one_clean_line(value: str, clean: str) -> None:
    assert clean_header(value, limit=128) == clean


def test_header_value_is_cut_at_its_limit_without_a_space_at_the_end() -> None:
    assert clean_header("abc def", limit=4) == "abc"


@given(ANY_TEXT, st.integers(1, 60))
def test_no_text_can_break_a_header(value: str, limit: int) -> None:
    line = clean_header(value, limit=limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in line)
    assert not any(unicodedata.bidirectional(sign) in {"LRE", "RLE", "LRO", "RLO", "PDF"} for sign in line)
    assert line == clean_header(line, limit=limit)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a\r\nb\rc\x0bd\u2028e", "a\nb\nc\nd\ne"),
        ("a\tb\x00\x1b[31m\x9b", "a\tb[31m"),
        ("\u202eevil\u2069 \u200fשלום\u200e", "evil \u200fשלום\u200e"),
        ("a\udc00b", "ab"),
    ],
)
def test_text_keeps_its_letters_and_lines(value: str, clean: str) -> None:
    assert clean_text(value) == clean


@given(ANY_TEXT)
def test_text_can_be_encoded_and_is_cleaned_once_for_all(value: str) -> None:
    clean = clean_text(value)
    clean.encode()
    assert clean_text(clean) == clean
    assert not any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in clean)
