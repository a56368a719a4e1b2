"""What each room knows of a person, asked through one list: this room knows none of those above it.

The rooms are named in outreach/slots.py, as strings; each has its part as `PART` in a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.module_loading import import_string

from campaigns.contacts.core.moments import Moment, Place
from campaigns.contacts.models import Contact
from outreach.accounts.access import Member
from outreach.slots import PERSON_PARTS

T = TypeVar("T", bound=Model)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose timeline, from where on, and how much of it."""

    member: Member
    contact: Contact
    behind: Place | None  # None = from the newest on
    limit: int

    def newest(self, rows: QuerySet[T], source: str, *, by: str) -> Sequence[T]:
        """Return the newest of the rows behind the place, at most the limit; `by` is the column of their instant."""
        if (place := self.behind) is not None:
            older = Q(**{f"{by}__lt": place.at})
            if source < place.source:
                older |= Q(**{by: place.at})
            elif source == place.source:
                older |= Q(**{by: place.at, "pk__lt": place.number})
            rows = rows.filter(older)
        return list(rows.order_by(f"-{by}", "-pk")[: self.limit])


@dataclass(frozen=True, slots=True)
class Card:
    """A card that a room adds to the page of a contact: its template, and what that needs, as `card`."""

    template: str
    values: Mapping[str, Any]


def _no_moments(_asked: Asked) -> Sequence[Sequence[Moment]]:
    return ()


def _no_cards(_member: Member, _contact: Contact) -> Sequence[Card]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPart:
    """What one room has of a person. The number of queries of each function is the same for every person."""

    moments: Callable[[Asked], Sequence[Sequence[Moment]]] = _no_moments  # of each of its sources
    cards: Callable[[Member, Contact], Sequence[Card]] = _no_cards


@cache
def parts() -> tuple[PersonPart, ...]:
    """Return the parts of all rooms, in the order in which they are named."""
    return tuple(import_string(name) for name in PERSON_PARTS)
