"""What each room knows of a person, asked through one list: this room knows none of those above it.

The rooms are named in outreach/slots.py, as strings; each has its part as `PART` in a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an answer about stored data, or an erasure, is about."""

    workspace_id: int
    contact_id: int
    key: str  # email_key
    email: str  # as given; "" when it is not known any more
    former: tuple[tuple[str, str], ...] = ()  # addresses that were theirs before: email_key, as given

    @property
    def keys(self) -> tuple[str, ...]:
        """The email_keys of the address and of the former ones."""
        return (self.key, *(key for key, _ in self.former))

    @property
    def spellings(self) -> tuple[str, ...]:
        """The texts by which rows that keep what came in name the addresses."""
        texts = (self.key, self.email, *(text for address in self.former for text in address))
        return tuple(dict.fromkeys(one for one in texts if one))


@dataclass(frozen=True, slots=True)
class Section:
    """What one table has of a person: its rows, each with its values by name."""

    name: str  # in words, as the person reads it
    rows: Sequence[Mapping[str, Any]]


ERASED = "The person was erased."  # in place of words that were about the person


def _no_moments(_asked: Asked) -> Sequence[Sequence[Moment]]:
    return ()


def _no_cards(_member: Member, _contact: Contact) -> Sequence[Card]:
    return ()


def _no_sections(_person: Person) -> Sequence[Section]:
    return ()


def _nothing(_person: Person) -> None:
    """Do nothing: the room has none of it."""


def _nothing_kept(_contact_ids: Collection[int]) -> None:
    """Keep nothing: the room has none of them."""


def _not_busy(_person: Person) -> bool:
    return False


def _nothing_sent(_person: Person) -> Sequence[tuple[datetime, str]]:
    return ()


def _nothing_forgotten(_workspace_id: int, _before: datetime, after: int, _most: int) -> tuple[int, int]:
    return 0, after


def _nobody(_workspace_id: int, _ids: Collection[int], _since: datetime) -> set[int]:
    return set()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPart:
    """What one room has of a person. The number of queries of each function is the same for every person.

    holds: the tables with data about persons that the room gives and erases.
    halts: stop what is under way; in the transaction of the acknowledgement, whose workspace's gate is shut.
    is_busy: something of theirs is still on its way, and may be written down later.
    erases: forget what there is; in a transaction of its own, and safe to run again.
    outlives: keep what must outlive contacts (by id) that are deleted, or get another address; in the transaction that
    does it, before it does, with their rows locked.
    active: who of these contacts had anything to do with us since an instant.
    forgets: empty the dialogues of the next messages, by id, that were made before an instant; how many, and the id
    that was reached.
    """

    holds: frozenset[str] = frozenset()
    moments: Callable[[Asked], Sequence[Sequence[Moment]]] = _no_moments  # of each of its sources
    cards: Callable[[Member, Contact], Sequence[Card]] = _no_cards
    sent: Callable[[Person], Sequence[tuple[datetime, str]]] = _nothing_sent  # when each message left, and its subject
    gives: Callable[[Person], Sequence[Section]] = _no_sections
    halts: Callable[[Person], None] = _nothing
    is_busy: Callable[[Person], bool] = _not_busy
    erases: Callable[[Person], None] = _nothing
    outlives: Callable[[Collection[int]], None] = _nothing_kept
    active: Callable[[int, Collection[int], datetime], set[int]] = _nobody
    forgets: Callable[[int, datetime, int, int], tuple[int, int]] = _nothing_forgotten
    # Models that point at a contact, as "app_label.model": why an undo of an import keeps who has such rows.
    ties: Mapping[str, str] = field(default_factory=dict)


@cache
def parts() -> tuple[PersonPart, ...]:
    """Return the parts of all rooms, in the order in which they are named: the lower ones first."""
    return tuple(import_string(name) for name in PERSON_PARTS)
