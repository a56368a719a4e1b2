"""What a condition can be about: the fields that there are, and of what kind each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.contacts.core.fields import (
    COUNTRY,
    CUSTOM_PREFIX,
    EMAIL,
    LABELS,
    SUBSCRIBER,
    TEXT_LIMITS,
    TIME_ZONE,
    FieldKind,
    is_custom_name,
)
from campaigns.contacts.core.segments.tree import DayTest, NumberTest, TextTest

ADDED = "added"
DOMAIN = "domain"
UNCHECKED = "unchecked"  # the verdict of an address that was never checked
UNKNOWN = "unknown"  # the provider of a domain that was not looked up
BUILT_IN: Mapping[str, str] = {
    **{name: LABELS[name] for name in (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)},
    DOMAIN: "Domain of the address",
}


class Kind(StrEnum):
    """Of what kind a field is, as far as its tests go."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes_no"


_TESTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: tuple(TextTest),
    Kind.YES_NO: (TextTest.IS, TextTest.EMPTY),
    Kind.NUMBER: (*NumberTest, TextTest.EMPTY),
    Kind.DAY: (*DayTest, TextTest.EMPTY),
}
_KINDS = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.DATE: Kind.DAY,
    FieldKind.YES_NO: Kind.YES_NO,
}


def tests_of(field: str, kind: Kind) -> tuple[str, ...]:
    """Return the tests of a field; everybody was added at some time."""
    return tuple(DayTest) if field == ADDED else _TESTS[kind]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The fields of a workspace. custom: kinds of custom fields by name; one that is not named is text."""

    custom: Mapping[str, FieldKind]

    def kind_of(self, field: str) -> Kind | None:
        """Return the kind of a field, None for what is none."""
        if field == ADDED:
            return Kind.DAY
        if field in BUILT_IN:
            return Kind.TEXT
        name = field.removeprefix(CUSTOM_PREFIX)
        if name == field or not is_custom_name(name):
            return None
        return _KINDS[self.custom.get(name, FieldKind.TEXT)]
