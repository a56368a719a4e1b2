"""The filters of the language: each takes text, gives text, and costs no more than its input is long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from campaigns.templating.values import Empty

# No filter makes more than this out of anything.
LONGEST = 20_000
_REPLACED = 200  # characters of what is looked for, and of what takes its place
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[,' \u00a0\u202f]\d{3}){1,4}|\d{1,15})(?:\.\d{1,15})?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].{0,40})?", re.ASCII)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STYLES: Mapping[str, Callable[[date], str]] = {
    "long": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    "short": lambda day: f"{day.day} {_MONTHS[day.month - 1][:3]}",
    "month": lambda day: f"{_MONTHS[day.month - 1]} {day.year}",
    "weekday": lambda day: _DAYS[day.weekday()],
    "iso": date.isoformat,
}
DATE_STYLES = tuple(_STYLES)


class Kind(StrEnum):
    """What an expression gives, as far as can be said before a message is rendered."""

    TEXT = "text"
    NUMBER = "a number"
    TRUTH = "true or false"
    ANY = "either"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a filter takes behind its name, what it gives, and how.

    `act` gets the value and the arguments, and returns None where it can make nothing of the value.
    """

    act: Callable[..., str | int | float | None]
    takes: tuple[Kind, ...] = ()
    required: int = 0
    gives: Kind = Kind.TEXT


def capitalize(value: object) -> str:
    """Return the text with its first letter in upper case, the others as they are."""
    text = str(value)
    return text[:1].upper() + text[1:]


def title(value: object) -> str:
    """Return each word with its first letter in upper case and the rest in lower case."""
    return " ".join(word[:1].upper() + word[1:].lower() for word in str(value).split(" "))


def truncate(value: object, length: int = 80) -> str:
    """Return at most `length` characters, cut at a word, with an ellipsis where something was cut."""
    text = str(value)
    length = max(1, min(length, LONGEST))
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut.strip() else cut).rstrip() + "…"


def replace(value: object, old: object, new: object) -> str:
    """Return the text with `old` replaced by `new`, of both 200 characters at most; 1,000 times at most."""
    text, old, new = str(value), str(old)[:_REPLACED], str(new)[:_REPLACED]
    return text.replace(old, new, 1_000) if old else text


def plural(value: object, one: object, many: object) -> str:
    """Return `one` where the value reads as the number 1, else `many`."""
    return str(one) if number(value) == 1 else str(many)


def number(value: object) -> int | float | None:
    """Return the number that a text holds: 1200, 1,200, 1 200 or 12.5; None where it holds something else."""
    if isinstance(value, int | float):
        return value
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return None
    read = float(re.sub(r"[,'\s]", "", text))
    return int(read) if read.is_integer() else read


def written_date(value: object, style: str = "long") -> str | None:
    """Return an ISO 8601 date (2026-11-24, also with a time) in words; None for anything else."""
    found = _DATE.fullmatch(str(value).strip())
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return _STYLES[style](day) if style in _STYLES else None


FILTERS: Mapping[str, Filter] = {
    "default": Filter(lambda value, _fallback: str(value), takes=(Kind.ANY,), required=1, gives=Kind.ANY),
    "upper": Filter(lambda value: str(value).upper()),
    "lower": Filter(lambda value: str(value).lower()),
    "capitalize": Filter(capitalize),
    "title": Filter(title),
    "trim": Filter(lambda value: str(value).strip()),
    "first_word": Filter(lambda value: str(value).strip().split(" ", 1)[0]),
    "truncate": Filter(truncate, takes=(Kind.NUMBER,)),
    "replace": Filter(replace, takes=(Kind.TEXT, Kind.TEXT), required=2),
    "plural": Filter(plural, takes=(Kind.TEXT, Kind.TEXT), required=2),
    "number": Filter(number, gives=Kind.NUMBER),
    "date": Filter(written_date, takes=(Kind.TEXT,)),
}
SHORT_NAMES: Mapping[str, str] = {"d": "default"}


def guarded(act: Callable[..., object]) -> Callable[..., object]:
    """Return the filter as the compiled template calls it: with the notes and the name of what it works on.

    A lacking value passes through untouched, so that a fallback may stand behind other filters; a filter that leaves
    nothing of a value makes it a lacking one.
    """

    def call(value: object, notes: set[str], name: str, *args: object) -> object:
        if isinstance(value, Empty):
            return value
        for arg in args:
            if isinstance(arg, Empty):
                return arg
        made = act(value, *args)
        if isinstance(made, str):
            made = made[:LONGEST]
        return Empty(name, notes) if name and (made is None or made == "" or _is_blank(made)) else made

    return call


def fallen_back(value: object, _notes: set[str], _name: str, fallback: object) -> object:
    """Return the fallback where the value is lacking; an empty fallback is somebody's decision."""
    return fallback if isinstance(value, Empty) else value


def is_within(part: object, whole: object) -> bool:
    """Say whether a text stands in another; nothing stands in what is lacking, and the lacking stands nowhere."""
    return not isinstance(part, Empty) and not isinstance(whole, Empty) and str(part) in str(whole)


def _is_blank(made: object) -> bool:
    return isinstance(made, str) and made.isspace()
