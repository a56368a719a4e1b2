"""The values in conditions: what fits, and in which form they are kept, so that equal ones are equal."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from campaigns.contacts.core.providers import Provider
from campaigns.contacts.core.segments.errors import BadQuery
from campaigns.contacts.core.segments.tree import Fact
from campaigns.contacts.core.segments.vocabulary import UNCHECKED, UNKNOWN, Kind
from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.core.verdicts import AddressVerdict

LENGTH_LIMIT = 4_000  # characters of a condition
MOST_CONDITIONS = 40
MOST_DEPTH = 8  # groups and negations in each other
VALUE_LIMIT = 200  # characters
DAYS_LIMIT = 3_650
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
_DAY = re.compile(r"(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"[0-9]{1,18}")
_NUMBERED = {Fact.LIST, Fact.IMPORT, Fact.SEGMENT}
_NAMED = {
    Fact.VERDICT: (UNCHECKED, *AddressVerdict),
    Fact.PROVIDER: (UNKNOWN, *Provider),
}


def folded(text: str) -> str:
    """Return the text as it is compared: letter by letter in small letters, as PostgreSQL's lower() does it.

    Of all letters only "İ" has more than one small letter in Python, and one in PostgreSQL.
    """
    return "".join("i" if one == "\u0130" else one.lower() for one in text)


def number_from(text: str, place: int = 0) -> Decimal:
    """Return the number "1234.5". Raises BadQuery."""
    if not _NUMBER.fullmatch(text):
        raise BadQuery(f"“{text[:60]}” is no number such as 1234.5.", place)
    number = Decimal(text)
    return number.normalize() if number else Decimal(0)


def day_from(text: str, place: int = 0) -> date:
    """Return the day "2026-11-05"; years from 1900 to 2999. Raises BadQuery."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise BadQuery(f"“{text[:60]}” is no date such as 2026-11-05.", place)
    return day


def days_from(text: str, place: int = 0) -> int:
    """Return how many days, 1 to DAYS_LIMIT. Raises BadQuery."""
    if not _ID.fullmatch(text) or not 1 <= int(text) <= DAYS_LIMIT:
        raise BadQuery(f"“{text[:60]}” is no number of days from 1 to {DAYS_LIMIT:,}.", place)
    return int(text)


def text_value(name: str, kind: Kind, text: str, place: int = 0) -> str:
    """Return what a text is compared with, in small letters. Raises BadQuery."""
    value = folded(" ".join(text.split()))
    if not value:
        raise BadQuery(f"An empty text is in every {name}; the test “empty” asks for it.", place)
    if len(value) > VALUE_LIMIT:
        raise BadQuery(f"The text has {len(value):,} characters; {VALUE_LIMIT} fit.", place)
    if kind is Kind.YES_NO and value not in {"yes", "no"}:
        raise BadQuery(f"{name} is yes or no, never “{text[:60]}”.", place)
    return value


def fact_value(fact: Fact, text: str, place: int = 0, *, thing: str = "") -> str:
    """Return which list, tag ... is meant. Raises BadQuery."""
    thing = thing or fact.value
    if fact in _NUMBERED:
        if not _ID.fullmatch(text):
            raise BadQuery(f"“{text[:60]}” is not the number of a {thing}.", place)
        return str(int(text))
    if fact in _NAMED:
        value = text.lower()
        if value not in _NAMED[fact]:
            raise BadQuery(f"“{text[:60]}” is no {thing}; there are {', '.join(_NAMED[fact])}.", place)
        return value
    value = " ".join(text.split()).casefold()
    if not value or len(value) > NAME_LIMIT:
        raise BadQuery(f"“{text[:60]}” cannot be a tag.", place)
    return value
