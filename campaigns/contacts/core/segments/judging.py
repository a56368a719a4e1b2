"""Say of one person whether a condition holds: what the compiled query has to agree with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from campaigns.contacts.core.fields import CUSTOM_PREFIX
from campaigns.contacts.core.segments.tree import (
    All,
    DayIs,
    DayTest,
    Deed,
    DidIt,
    Either,
    Fact,
    Has,
    Leaf,
    Node,
    Not,
    NumberIs,
    NumberTest,
    TextIs,
    TextTest,
)
from campaigns.contacts.core.segments.values import folded
from campaigns.contacts.core.segments.vocabulary import ADDED, UNCHECKED, UNKNOWN

# What is compared as a number or a day; PostgreSQL reads the same patterns, between ^ and $. Anything else is neither.
NUMBER_PATTERN = r"-?[0-9]{1,40}(\.[0-9]{1,40})?"
DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, slots=True)
class At:
    """When and where is judged: now, and the zone in which days begin and end."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def begin_of(self, day: date) -> datetime:
        """Return the first instant of a day."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


@dataclass(frozen=True, slots=True)
class Did:
    """A deed that happened."""

    deed: Deed
    at: datetime
    campaign: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What conditions ask of a contact. values: built-in fields by name; fields: custom ones."""

    values: Mapping[str, str]
    added_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    import_id: int | None = None
    verdict: str = ""
    provider: str = ""  # "" = the domain was not looked up
    is_suppressed: bool = False
    deeds: tuple[Did, ...] = ()


def matches(node: Node, person: Person, at: At) -> bool:
    """Say whether the condition holds; segments in it are put in place before (see combining)."""
    if isinstance(node, Not):
        return not matches(node.part, person, at)
    if isinstance(node, All):
        return all(matches(part, person, at) for part in node.parts)
    if isinstance(node, Either):
        return any(matches(part, person, at) for part in node.parts)
    return _holds(node, person, at)


def span_of(leaf: DayIs, at: At) -> tuple[date | None, date | None]:
    """Return the first day that passes the test and the first behind them that does not; None = no end."""
    today, day, days = at.today, leaf.day or at.today, timedelta(days=leaf.days)
    one = timedelta(days=1)
    match leaf.test:
        case DayTest.BEFORE:
            return None, day
        case DayTest.AFTER:
            return day + one, None
        case DayTest.ON:
            return day, day + one
        case DayTest.LAST:
            return today - days, today + one
        case DayTest.NEXT:
            return today, today + days + one
        case DayTest.OLDER:
            return None, today - days


def _holds(leaf: Leaf, person: Person, at: At) -> bool:
    if isinstance(leaf, DidIt):
        return any(_is_meant(leaf, one, at) for one in person.deeds)
    if isinstance(leaf, Has):
        return _has(leaf, person)
    if isinstance(leaf, DayIs):
        return _is_day(leaf, person, at)
    if isinstance(leaf, NumberIs):
        return _is_number(leaf, _value(leaf.field, person))
    return _is_text(leaf, _value(leaf.field, person))


def _is_meant(leaf: DidIt, did: Did, at: At) -> bool:
    return (
        did.deed is leaf.deed
        and (leaf.days is None or did.at >= at.now - timedelta(days=leaf.days))
        and (leaf.campaign is None or did.campaign == leaf.campaign)
    )


def _has(leaf: Has, person: Person) -> bool:
    match leaf.fact:
        case Fact.LIST:
            return int(leaf.value) in person.lists
        case Fact.TAG:
            return leaf.value in person.tags
        case Fact.IMPORT:
            return person.import_id == int(leaf.value)
        case Fact.VERDICT:
            return (person.verdict or UNCHECKED) == leaf.value
        case Fact.PROVIDER:
            return (person.provider or UNKNOWN) == leaf.value
        case Fact.SUPPRESSED:
            return person.is_suppressed
        case Fact.SEGMENT:
            raise AssertionError("a segment was not put in place")


def _is_day(leaf: DayIs, person: Person, at: At) -> bool:
    first, end = span_of(leaf, at)
    if leaf.field == ADDED:
        return (first is None or person.added_at >= at.begin_of(first)) and (
            end is None or person.added_at < at.begin_of(end)
        )
    text = _value(leaf.field, person)
    if not re.fullmatch(DAY_PATTERN, text):
        return False
    return (first is None or text >= first.isoformat()) and (end is None or text < end.isoformat())


def _is_number(leaf: NumberIs, text: str) -> bool:
    if not re.fullmatch(NUMBER_PATTERN, text):
        return False
    number = Decimal(text)
    return {
        NumberTest.EQUALS: number == leaf.value,
        NumberTest.OVER: number > leaf.value,
        NumberTest.UNDER: number < leaf.value,
        NumberTest.LEAST: number >= leaf.value,
        NumberTest.MOST: number <= leaf.value,
    }[leaf.test]


def _is_text(leaf: TextIs, value: str) -> bool:
    text = folded(value)
    match leaf.test:
        case TextTest.IS:
            return text == leaf.value
        case TextTest.CONTAINS:
            return leaf.value in text
        case TextTest.BEGINS:
            return text.startswith(leaf.value)
        case TextTest.EMPTY:
            return not text


def _value(name: str, person: Person) -> str:
    if name.startswith(CUSTOM_PREFIX):
        return person.fields.get(name.removeprefix(CUSTOM_PREFIX), "")
    return person.values.get(name, "")
