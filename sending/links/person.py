"""What links have of a person: where those lead that are theirs alone."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.contacts.parts import Person, PersonPart, Section
from sending.links.models import PersonalDestination


def _gives(person: Person) -> Sequence[Section]:
    rows = PersonalDestination.objects.filter(contact=person.contact_id).order_by("pk")
    return (Section("Links that were made for them", list(rows.values("url"))),)


def _erases(person: Person) -> None:
    PersonalDestination.objects.filter(contact=person.contact_id).delete()


PART = PersonPart(
    holds=frozenset({"links.PersonalDestination"}),
    gives=_gives,
    erases=_erases,
    ties={"links.personaldestination": "links were made for them"},
)
