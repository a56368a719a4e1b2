"""Read numbers, dates and yes/no as files write them, into the one form in which contacts keep them.

Where one value alone could mean two things ("1.234", "11/5/2026"), the other values of its column decide, or a person;
when neither says it, the value does not fit: better an empty field than a wrong one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.headings import plain


class Style(StrEnum):
    """How a column writes what could be read in two ways."""

    UNKNOWN = ""
    POINT = "point"  # 1,234.5
    COMMA = "comma"  # 1.234,5
    DAY_FIRST = "day"  # 5/11/2026 is in November
    MONTH_FIRST = "month"  # 5/11/2026 is in May


STYLES: Mapping[FieldKind, tuple[Style, ...]] = {
    FieldKind.NUMBER: (Style.POINT, Style.COMMA),
    FieldKind.DATE: (Style.DAY_FIRST, Style.MONTH_FIRST),
}
STYLE_LABELS: Mapping[Style, str] = {
    Style.UNKNOWN: "As each value says itself",
    Style.POINT: "1,234.5",
    Style.COMMA: "1.234,5",
    Style.DAY_FIRST: "Day first: 24/12/2026",
    Style.MONTH_FIRST: "Month first: 12/24/2026",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is none of its kind; cause goes on after the name of the field: "is not a number"."""

    cause: str


NOT_A_NUMBER = Misfit("is not a number")
TWO_NUMBERS = Misfit("could be two different numbers")
OTHER_NUMBER = Misfit("is not a number in the way of its column")
NOT_A_DATE = Misfit("is not a date")
TWO_DATES = Misfit("could be two different dates")
OTHER_DATE = Misfit("is not a date in the way of its column")
NOT_YES_OR_NO = Misfit("is neither yes nor no")

_DIGITS = 30  # of a number, in all
_SIGN = re.compile(r"([+-]?) ?(.*)")
_CURRENCIES = (
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|RUB|SEK|SGD|TRY|USD|ZAR|Fr\\."
)
_UNIT_BEFORE = re.compile(rf"(?:[\u0024\u00a2-\u00a5\u20a0-\u20cf]|{_CURRENCIES}) ?")
_UNIT_BEHIND = re.compile(rf" ?(?:[%\u0024\u00a2-\u00a5\u20a0-\u20cf]|{_CURRENCIES})\Z")
# Whoever groups in one of these ways has the other mark, or none, before the decimals.
_GROUPED = (
    (Style.POINT, re.compile(r"([0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.([0-9]+))?")),  # also 12,34,567.8 of India
    (Style.COMMA, re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+)(?:,([0-9]+))?")),
    (Style.UNKNOWN, re.compile(r"([0-9]{1,3}(?:[ '][0-9]{3})+)()")),
    (Style.POINT, re.compile(r"([0-9]{1,3}(?:[ '][0-9]{3})+)\.([0-9]+)")),
    (Style.COMMA, re.compile(r"([0-9]{1,3}(?:[ '][0-9]{3})+),([0-9]+)")),
)
_MARKS = re.compile(r"[.,' ]")
_PLAIN = re.compile(r"([0-9]*)(?:([.,])([0-9]+))?")
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?"
_CLOCK = rf"(?:[T ]{_TIME}(?: ?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}}))?)?"
_YEAR = "(?P<year>[0-9]{4}|[0-9]{2})"
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}}){_CLOCK}"
)
_EIGHT_DIGITS = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_DOTTED = re.compile(rf"(?P<day>[0-9]{{1,2}})\. ?(?P<month>[0-9]{{1,2}})\. ?{_YEAR}{_CLOCK}")
_SLASHED = re.compile(rf"(?P<first>[0-9]{{1,2}})(?P<mark>[/-])(?P<second>[0-9]{{1,2}})(?P=mark){_YEAR}{_CLOCK}")
_DAY = r"(?P<day>[0-9]{1,2})(?:\.|st|nd|rd|th|er|º)?"
_NAME = r"(?P<month>[^\W\d_]{2,12})\.?"
_OF = "[ -](?:de |of )?"
_DAY_NAMED = re.compile(rf"{_DAY}{_OF}{_NAME},?{_OF}{_YEAR}{_CLOCK}")
_MONTH_NAMED = re.compile(rf"{_NAME} {_DAY},? (?P<year>[0-9]{{4}}){_CLOCK}")
_THIS_CENTURY = 69  # POSIX: 69 is 1969, 68 is 2068
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_LONG_NUMBER = 15  # digits: more is the number of something, not so many of something


def canonical(text: str, kind: FieldKind, style: Style = Style.UNKNOWN) -> str | Misfit:
    """Return the value in the form in which contacts keep it, "" for an empty one, or why it does not fit.

    Numbers may have a sign, a currency or % (both are dropped) and groups of digits, dates a time of day (dropped).
    """
    if kind == FieldKind.TEXT:
        return text
    usual = " ".join(text.split()) if text.isascii() else _usual(text)
    return _READERS[kind](usual, style) if usual else ""


def style_of(values: Iterable[str], kind: FieldKind) -> Style:
    """Return how most values are written that can be read in one way only; UNKNOWN when none or as many say other."""
    votes = dict.fromkeys(STYLES.get(kind, ()), 0)
    for text in values:
        fits = [style for style in votes if isinstance(canonical(text, kind, style), str)]
        if len(fits) == 1:
            votes[fits[0]] += 1
    ranked = sorted(votes, key=lambda style: -votes[style])
    return ranked[0] if ranked and votes[ranked[0]] > votes[ranked[1]] else Style.UNKNOWN


def kind_of(values: Sequence[str]) -> FieldKind:
    """Return the kind that all filled values fit, TEXT where reading them as something else would lose anything.

    That is so for numbers with a currency or %, and for those that name something: leading zeros, a plus, many digits.
    """
    filled = [usual for text in values if (usual := _usual(text))]
    if not filled:
        return FieldKind.TEXT
    if not all(map(_only_counts, filled)) and all(_fits(text, FieldKind.YES_NO) for text in filled):
        return FieldKind.YES_NO
    for kind, is_safe in ((FieldKind.NUMBER, _only_counts), (FieldKind.DATE, _is_marked_date)):
        style = style_of(filled, kind)
        if all(is_safe(text) and _may_fit(text, kind, style) for text in filled):
            return kind
    return FieldKind.TEXT


def _fits(text: str, kind: FieldKind, style: Style = Style.UNKNOWN) -> bool:
    return isinstance(canonical(text, kind, style), str)


def _may_fit(text: str, kind: FieldKind, style: Style) -> bool:
    return canonical(text, kind, style) in {TWO_NUMBERS, TWO_DATES} or _fits(text, kind, style)


def _only_counts(text: str) -> bool:
    bare = text.lstrip("-")
    return bool(
        bare[:1].isdigit()
        and bare[-1:].isdigit()
        and not _LEADING_ZERO.match(text)
        and sum(map(str.isdigit, text)) <= _LONG_NUMBER
    )


def _is_marked_date(text: str) -> bool:
    return not text.isdigit()


def _usual(text: str) -> str:
    """Return the text trimmed, with the usual forms of digits, spaces, minus and apostrophe."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_USUAL).split())


_USUAL = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'", "\u00b4": "'"})


def _number(text: str, style: Style) -> str | Misfit:
    bare = _UNIT_BEHIND.sub("", text) if not text[-1].isdigit() else text
    sign, bare = _SIGN.fullmatch(bare).groups()  # type: ignore[union-attr]  # fits every text of one line
    if unit := _UNIT_BEFORE.match(bare):
        bare = bare[unit.end() :]
        if not sign:
            sign, bare = _SIGN.fullmatch(bare).groups()  # type: ignore[union-attr]
    digits = _digits(bare, style)
    if isinstance(digits, Misfit):
        return digits
    whole, fraction = digits
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if len(whole) + len(fraction) > _DIGITS:
        return NOT_A_NUMBER
    value = f"{whole}.{fraction}" if fraction else whole
    return f"-{value}" if sign == "-" and value != "0" else value


def _digits(text: str, style: Style) -> tuple[str, str] | Misfit:
    """Return the digits before and behind the decimal mark of a bare number."""
    if match := _PLAIN.fullmatch(text):
        return _with_one_mark(match[1], match[2] or "", match[3] or "", style)
    for written, pattern in _GROUPED:
        if match := pattern.fullmatch(text):
            is_other = written != style and Style.UNKNOWN not in {written, style}
            return OTHER_NUMBER if is_other else (_MARKS.sub("", match[1]), match[2] or "")
    return NOT_A_NUMBER


def _with_one_mark(whole: str, mark: str, rest: str, style: Style) -> tuple[str, str] | Misfit:
    """Return the same for a number with one mark or none, which may stand before decimals or before a group."""
    if not whole and not rest:
        return NOT_A_NUMBER
    is_group = len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    if mark and style == Style.UNKNOWN and is_group:
        return TWO_NUMBERS
    if not mark or style in {Style.UNKNOWN, Style.POINT if mark == "." else Style.COMMA}:
        return whole, rest
    return (whole + rest, "") if is_group else OTHER_NUMBER


def _date(text: str, style: Style) -> str | Misfit:
    if match := _SLASHED.fullmatch(text):
        return _slashed(match["first"], match["second"], match["year"], style)
    for pattern in (_YEAR_FIRST, _EIGHT_DIGITS, _DOTTED, _DAY_NAMED, _MONTH_NAMED):
        if match := pattern.fullmatch(text):
            month = match["month"]
            return _iso(match["year"], month if month.isdigit() else _months().get(plain(month), "0"), match["day"])
    return NOT_A_DATE


def _slashed(first: str, second: str, year: str, style: Style) -> str | Misfit:
    by_style = {Style.DAY_FIRST: _iso(year, second, first), Style.MONTH_FIRST: _iso(year, first, second)}
    found = {value for value in by_style.values() if isinstance(value, str)}
    if not found:
        return NOT_A_DATE
    if style != Style.UNKNOWN:
        value = by_style[style]
        return value if isinstance(value, str) else OTHER_DATE
    return found.pop() if len(found) == 1 else TWO_DATES


def _iso(year: str, month: str, day: str) -> str | Misfit:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= _THIS_CENTURY else 2000
    try:
        return date(number, int(month), int(day)).isoformat()
    except ValueError:
        return NOT_A_DATE


def _yes_no(text: str, _style: Style) -> str | Misfit:
    return _words().get(plain(text) or text, NOT_YES_OR_NO)


@cache
def _words() -> dict[str, str | Misfit]:
    return {plain(word) or word: value for value in ("yes", "no") for word in _table()[value]}


@cache
def _months() -> dict[str, str]:
    return {plain(word): number for number, words in _table()["months"].items() for word in words}


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((files(__package__) / "typed.toml").read_text(encoding="utf-8"))


_READERS: Mapping[FieldKind, Callable[[str, Style], str | Misfit]] = {
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.YES_NO: _yes_no,
}
