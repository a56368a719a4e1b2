"""What the guard has of a person: that they were written to by what an older database does not know."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from campaigns.contacts.parts import Person, PersonPart, Section
from sending.guard.models import Stranger
from sending.guard.prints import person_print


def _gives(person: Person) -> Sequence[Section]:
    return (Section("Messages lost by a restore", list(_strangers(person).values("message_id", "written_at"))),)


def _erases(person: Person) -> None:
    _strangers(person).delete()


def _strangers(person: Person) -> QuerySet[Stranger]:
    return Stranger.objects.filter(person__in=[person_print(key) for key in person.keys], workspace=person.workspace_id)


PART = PersonPart(holds=frozenset({"guard.Stranger"}), gives=_gives, erases=_erases)
