"""Single values of a stranger's file: rates, days, counts, domains; bounded, and refused with a cause. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from outreach.kit.addresses import BadAddress, parse_domain

_LONGEST = 60  # characters of a value that is looked at
_RATE = re.compile(r"(?P<number>\d{1,3}(?:[.,]\d{1,18})?(?:[eE]-\d{1,2})?)\s{0,3}(?P<percent>%?)", re.ASCII)
_COUNT = re.compile(r"\d{1,12}", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][0-9:.]{0,18}(?:Z|[+-]00:?00| UTC)?)?", re.ASCII)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_WRITTEN = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%a, %b %d, %Y")
_MOMENTS = ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_LOCAL = re.compile(r"[^\s,;:<>\"'@]{1,200}@")
_MONTHS = 12


class Unreadable(ValueError):
    """A value that cannot be taken; the words say why, for people."""


class Unit(StrEnum):
    """In what the rates of a column are written, where a value does not say it itself."""

    PERCENT = "percent"
    RATIO = "ratio"
    UNSAID = "unsaid"


class Order(StrEnum):
    """How a file writes 3/4/2026."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"
    UNSAID = "unsaid"


def rate_in(text: str, unit: Unit) -> float | None:
    """Return a rate between 0 and 1, None for an empty value. Raises Unreadable; a factor of 100 is never guessed."""
    text = text.strip()
    if text.lower() in {"", "-", "n/a", "null", "none"}:
        return None
    found = _RATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise Unreadable(f"“{shown(text)}” is no rate")
    number = float(found["number"].replace(",", "."))
    if found["percent"] or unit is Unit.PERCENT:
        return _share(number / 100, text)
    if unit is Unit.UNSAID and number:
        raise Unreadable(f"“{text}” may be percent or a part of one: write it with %")
    return _share(number, text)


def ratio_of(value: object) -> float | None:
    """Return a ratio between 0 and 1 that stands in JSON, as a number or as its text; None for null."""
    if value is None:
        return None
    if isinstance(value, str):
        return rate_in(value, Unit.RATIO)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"“{shown(value)}” is no rate")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"“{value}” is no rate")
    return _share(value, value)


def count_of(value: object) -> int | None:
    """Return a count, None for an empty value or null. Raises Unreadable."""
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text and isinstance(value, str):
        return None
    if not _COUNT.fullmatch(text):
        raise Unreadable(f"“{shown(value)}” is no count")
    return int(text)


def order_in(texts: Iterable[str]) -> Order:
    """Return how the days of a file are written, from those that can only be read in one way."""
    found = {one for text in texts if (one := _order_of(text)) is not Order.UNSAID}
    return found.pop() if len(found) == 1 else Order.UNSAID


def day_in(text: str, order: Order) -> date:
    """Return the day that a text names. Raises Unreadable; which of two numbers is the month is never guessed."""
    text = text.strip()
    if len(text) > _LONGEST:
        raise Unreadable(f"“{shown(text)}” is no day")
    if found := _ISO.fullmatch(text) or _PACKED.fullmatch(text):
        return date_of(int(found[1]), int(found[2]), int(found[3]))
    if found := _SLASHED.fullmatch(text):
        own = _order_of(text)
        order = order if own is Order.UNSAID else own
        if order is Order.UNSAID and found[1] != found[2]:
            raise Unreadable(f"“{text}” may be one of two days: write it as 2026-04-03")
        day, month = (int(found[1]), int(found[2])) if order is Order.DAY_FIRST else (int(found[2]), int(found[1]))
        return date_of(int(found[3]), month, day)
    moment = _first(text, _WRITTEN)
    if moment is None:
        raise Unreadable(f"“{shown(text)}” is no day")
    return moment.date()


def date_of(year: int, month: int, day: int) -> date:
    """Return a day. Raises Unreadable where the calendar has none of these numbers."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{year}-{month:02}-{day:02} is no day") from error


def moment_in(text: str) -> datetime:
    """Return a moment as SNDS writes it, 12/31/2019 7:00 PM, without a zone. Raises Unreadable."""
    moment = _first(text.strip(), _MOMENTS) if len(text) <= _LONGEST else None
    if moment is None:
        raise Unreadable(f"“{shown(text)}” is no moment as in 12/31/2019 7:00 PM")
    return moment


def domain_in(text: str) -> str:
    """Return a domain as A-labels in lower case. Raises Unreadable."""
    try:
        return parse_domain(text[:300])
    except BadAddress as error:
        raise Unreadable(f"“{shown(text)}” is no domain") from error


def kept(text: str, most: int) -> str:
    """Return the beginning of a text that is kept, on one line: of mail addresses in it their domains alone."""
    return shown(_LOCAL.sub("…@", text[: 4 * most]), most)


def shown(value: object, most: int = _LONGEST) -> str:
    """Return the beginning of a value on one line, of printable characters."""
    text = value[: 4 * most] if isinstance(value, str) else repr(value)[: 4 * most]
    text = "".join(one if one.isprintable() else " " for one in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _share(number: float, original: object) -> float:
    if not 0 <= number <= 1:
        raise Unreadable(f"“{shown(original)}” lies beyond 100 %" if number > 1 else f"“{shown(original)}” is below 0")
    return float(number)


def _order_of(text: str) -> Order:
    found = _SLASHED.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None or (int(found[1]) > _MONTHS) == (int(found[2]) > _MONTHS):
        return Order.UNSAID
    return Order.DAY_FIRST if int(found[1]) > _MONTHS else Order.MONTH_FIRST


def _first(text: str, forms: Iterable[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  # the file names no zone
        except ValueError:
            continue
    return None
