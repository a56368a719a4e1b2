from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.contacts.core import typed
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.typed import Misfit, Style, canonical, kind_of, style_of

NUMBERS = [
    ("1234.5", "1234.5"),
    ("1.234,5", "1234.5"),
    ("1,234.5", "1234.5"),
    ("1 234", "1234"),
    ("1\u202f234,50", "1234.5"),
    ("1'234.50", "1234.5"),
    ("1\u2019234\u2019567", "1234567"),
    ("1,234,567", "1234567"),
    ("1.234.567", "1234567"),
    ("12,34,567.8", "1234567.8"),
    ("0.123", "0.123"),
    ("0,5", "0.5"),
    (".5", "0.5"),
    ("1234.567", "1234.567"),
    ("\u22125", "-5"),
    ("- 5,20 \u20ac", "-5.2"),
    ("\u20ac -5", "-5"),
    ("+007", "7"),
    ("-0.0", "0"),
    ("12 %", "12"),
    ("$1,234.00", "1234"),
    ("EUR 12", "12"),
    ("12 CHF", "12"),
    ("\uff11\uff12", "12"),
    ("  ", ""),
]
NO_NUMBERS = [
    "abc",
    "12 34",
    "1.5e6",
    "1,23E+11",
    "(5)",
    "5-",
    "--5",
    "1.2.3",
    "1,2,3",
    "12 kg",
    "%",
    "-",
    ".",
    "\u00bd",
    "9" * 31,
]

DATES = [
    ("2026-11-05", "2026-11-05"),
    ("2026/11/5", "2026-11-05"),
    ("20261105", "2026-11-05"),
    ("2026-11-05T08:30:00Z", "2026-11-05"),
    ("2026-11-05 08:30", "2026-11-05"),
    ("5.11.2026", "2026-11-05"),
    ("5. 11. 26", "2026-11-05"),
    ("24/12/2026", "2026-12-24"),
    ("12/24/2026 3:00 PM", "2026-12-24"),
    ("7/7/2026", "2026-07-07"),
    ("24-12-69", "1969-12-24"),
    ("5 Nov 2026", "2026-11-05"),
    ("5-Nov-26", "2026-11-05"),
    ("November 5th, 2026", "2026-11-05"),
    ("3. M\u00e4rz 2026", "2026-03-03"),
    ("1er ao\u00fbt 2026", "2026-08-01"),
    ("5 de mayo de 2026", "2026-05-05"),
    ("", ""),
]
NO_DATES = ["31.2.2026", "13/13/2026", "2026-13-01", "soon", "5 Foo 2026", "46000", "2026-11", "0000-01-01", "12/2026"]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_a_number_is_kept_as_a_plain_decimal(text: str, value: str) -> None:
    assert canonical(text, FieldKind.NUMBER) == value


@pytest.mark.parametrize(("text", "value"), DATES)
def test_a_date_is_kept_as_iso_8601(text: str, value: str) -> None:
    assert canonical(text, FieldKind.DATE) == value


def test_what_is_no_number_or_date_says_so() -> None:
    assert {text: canonical(text, FieldKind.NUMBER) for text in NO_NUMBERS} == dict.fromkeys(
        NO_NUMBERS, typed.NOT_A_NUMBER
    )
    assert {text: canonical(text, FieldKind.DATE) for text in NO_DATES} == dict.fromkeys(NO_DATES, typed.NOT_A_DATE)


def test_what_could_mean_two_things_needs_the_style_of_its_column() -> None:
    for text in ("1.234", "1,234", "999.999"):
        assert canonical(text, FieldKind.NUMBER) == typed.TWO_NUMBERS
    assert canonical("1.234", FieldKind.NUMBER, Style.POINT) == "1.234"
    assert canonical("1.234", FieldKind.NUMBER, Style.COMMA) == "1234"
    assert canonical("12,5", FieldKind.NUMBER, Style.POINT) == typed.OTHER_NUMBER
    assert canonical("1.234,5", FieldKind.NUMBER, Style.POINT) == typed.OTHER_NUMBER
    assert canonical("1 234,5", FieldKind.NUMBER, Style.POINT) == typed.OTHER_NUMBER
    assert canonical("11/5/2026", FieldKind.DATE) == typed.TWO_DATES
    assert canonical("11/5/2026", FieldKind.DATE, Style.DAY_FIRST) == "2026-05-11"
    assert canonical("11/5/2026", FieldKind.DATE, Style.MONTH_FIRST) == "2026-11-05"
    assert canonical("24/12/2026", FieldKind.DATE, Style.MONTH_FIRST) == typed.OTHER_DATE


@pytest.mark.parametrize("text", ["Yes", "y", "TRUE", "1", "x", "\u2713", "Ja", "oui", "S\u00ed", "да", "tak"])
def test_yes_is_said_in_many_languages(text: str) -> None:
    assert canonical(text, FieldKind.YES_NO) == "yes"


@pytest.mark.parametrize("text", ["No", "n", "false", "0", "Nein", "non", "n\u00e3o", "нет", "\u2717"])
def test_no_is_said_in_many_languages(text: str) -> None:
    assert canonical(text, FieldKind.YES_NO) == "no"


def test_what_is_neither_yes_nor_no_does_not_fit() -> None:
    assert {canonical(text, FieldKind.YES_NO) for text in ("maybe", "2", "-", "n/a")} == {typed.NOT_YES_OR_NO}


def test_no_word_means_both_yes_and_no() -> None:
    table = typed._table()
    assert not set(table["yes"]) & set(table["no"])
    months = [word for words in table["months"].values() for word in words]
    assert len(months) == len(set(months))


def test_the_values_that_can_be_read_in_one_way_tell_the_style_of_a_column() -> None:
    assert style_of(["1,234", "2,5", "3"], FieldKind.NUMBER) == Style.COMMA
    assert style_of(["1,234", "2.5", "3"], FieldKind.NUMBER) == Style.POINT
    assert style_of(["1,234", "3"], FieldKind.NUMBER) == Style.UNKNOWN
    assert style_of(["1,5", "2.5"], FieldKind.NUMBER) == Style.UNKNOWN
    assert style_of(["1/2/2026", "24/12/2026", "x"], FieldKind.DATE) == Style.DAY_FIRST
    assert style_of(["1/2/2026", "12/24/2026"], FieldKind.DATE) == Style.MONTH_FIRST
    assert style_of(["yes"], FieldKind.YES_NO) == Style.UNKNOWN


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "0", "1"], FieldKind.NUMBER),
        (["1.234,5", "17", ""], FieldKind.NUMBER),
        (["1,234"], FieldKind.NUMBER),
        (["yes", "no", "0"], FieldKind.YES_NO),
        (["x", "", "x"], FieldKind.YES_NO),
        (["2026-11-05", "5.11.2026"], FieldKind.DATE),
        (["11/5/2026"], FieldKind.DATE),
        (["01234", "12345"], FieldKind.TEXT),  # postcodes
        (["+4912345", "+4923456"], FieldKind.TEXT),  # telephones
        (["4111111111111111"], FieldKind.TEXT),
        (["12 \u20ac", "13 \u20ac"], FieldKind.TEXT),
        (["12 %"], FieldKind.TEXT),
        (["12", "many"], FieldKind.TEXT),
        (["", " "], FieldKind.TEXT),
        ([], FieldKind.TEXT),
    ],
)
def test_a_kind_is_guessed_only_where_reading_loses_nothing(values: list[str], kind: FieldKind) -> None:
    assert kind_of(values) == kind


@pytest.mark.parametrize("text", ["10 EUR 500 EUR", "5% 100%", "3$5$"])
def test_two_numbers_in_a_cell_are_none(text: str) -> None:
    assert isinstance(canonical(text, FieldKind.NUMBER), Misfit)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
@settings(max_examples=60)
def test_a_number_grouped_in_either_way_is_the_same_number(number: Decimal) -> None:
    english = f"{number:,.3f}"
    continental = english.translate(str.maketrans(",.", ".,"))
    value = canonical(english, FieldKind.NUMBER, Style.POINT)
    assert isinstance(value, str)
    assert Decimal(value) == number
    assert canonical(continental, FieldKind.NUMBER, Style.COMMA) == value
    assert canonical(value, FieldKind.NUMBER, Style.POINT) == value


@given(st.dates(min_value=date(1000, 1, 1)))
@settings(max_examples=60)
def test_a_date_written_in_any_order_is_the_same_date(day: date) -> None:
    ways = {
        f"{day:%Y-%m-%d}": Style.UNKNOWN,
        f"{day:%d.%m.%Y}": Style.UNKNOWN,
        f"{day:%d/%m/%Y}": Style.DAY_FIRST,
        f"{day:%m/%d/%Y}": Style.MONTH_FIRST,
        f"{day.day} {day:%B} {day:%Y}": Style.UNKNOWN,
    }
    assert {canonical(text, FieldKind.DATE, style) for text, style in ways.items()} == {day.isoformat()}


@given(st.text(max_size=30), st.sampled_from(FieldKind), st.sampled_from(Style))
@example("0\n0", FieldKind.NUMBER, Style.POINT)  # a cell of two lines
@settings(max_examples=150)
def test_any_text_is_read_or_refused_and_what_was_read_is_read_again_as_the_same(
    text: str, kind: FieldKind, style: Style
) -> None:
    value = canonical(text, kind, style if style in typed.STYLES.get(kind, ()) else Style.UNKNOWN)
    if isinstance(value, Misfit):
        assert value.cause
    else:
        assert canonical(value, kind, Style.POINT if kind == FieldKind.NUMBER else Style.UNKNOWN) == value
