"""The condition of a segment as a tree of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class TextTest(StrEnum):
    """How a text is compared, in small letters; the value of a member is its word in a query."""

    IS = "is"
    CONTAINS = "contains"
    BEGINS = "begins"
    EMPTY = "empty"


class NumberTest(StrEnum):
    """How a number is compared."""

    EQUALS = "equals"
    OVER = "over"
    UNDER = "under"
    LEAST = "least"  # that much or more
    MOST = "most"


class DayTest(StrEnum):
    """How a day is compared: with a date, or with today."""

    BEFORE = "before"
    AFTER = "after"  # the day itself is not after it
    ON = "on"
    LAST = "last"  # in the last n days, today among them
    NEXT = "next"  # in the next n days, today among them
    OLDER = "older"  # more than n days ago


RELATIVE = (DayTest.LAST, DayTest.NEXT, DayTest.OLDER)


class Fact(StrEnum):
    """What is known of a contact beside its fields."""

    LIST = "list"
    TAG = "tag"
    IMPORT = "import"  # made by it
    VERDICT = "verdict"  # on the address
    PROVIDER = "provider"  # who receives its mail
    SUPPRESSED = "suppressed"
    SEGMENT = "segment"


class Deed(StrEnum):
    """What happened between us and a contact. Clicks and opens are those of people, as far as one can tell."""

    MAILED = "mailed"  # a message went out, or is thought to have
    REPLIED = "replied"  # a person answered
    BOUNCED = "bounced"  # we were told that the address does not exist
    OPTED_OUT = "opted_out"
    CLICKED = "clicked"  # a person followed a link, for the first time in a message
    OPENED = "opened"  # what looks like a person's program loaded the image, for the first time in a message


@dataclass(frozen=True, slots=True)
class TextIs:
    """A field's text passes a test; value is empty for EMPTY."""

    field: str
    test: TextTest
    value: str = ""


@dataclass(frozen=True, slots=True)
class NumberIs:
    """A custom field holds a number that passes a test; one that holds none passes no test."""

    field: str
    test: NumberTest
    value: Decimal


@dataclass(frozen=True, slots=True)
class DayIs:
    """A day passes a test: against `day`, or against today and `days`."""

    field: str
    test: DayTest
    day: date | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Has:
    """A fact holds; value names the list, tag ..., and is empty for SUPPRESSED."""

    fact: Fact
    value: str = ""


@dataclass(frozen=True, slots=True)
class DidIt:
    """A deed happened: ever or in the last n days, in any campaign or in one."""

    deed: Deed
    days: int | None = None
    campaign: int | None = None


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts, always."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part at least holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


Leaf: TypeAlias = TextIs | NumberIs | DayIs | Has | DidIt
Node: TypeAlias = Leaf | All | Either | Not
EVERYBODY = All(())


def depth_of(node: Node) -> int:
    """Return how many groups and negations lie around the innermost condition."""
    if isinstance(node, Not):
        return 1 + depth_of(node.part)
    if isinstance(node, All | Either):
        return 1 + max((depth_of(part) for part in node.parts), default=0)
    return 0


def leaves_of(node: Node) -> list[Leaf]:
    """Return the conditions from left to right."""
    if isinstance(node, Not):
        return leaves_of(node.part)
    if isinstance(node, All | Either):
        return [leaf for part in node.parts for leaf in leaves_of(part)]
    return [node]
