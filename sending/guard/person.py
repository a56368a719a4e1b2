"""What the guard has of a person: that they were written to by what an older database does not know."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.contacts.parts import Person, PersonPart, Section
from sending.guard.models import Stranger
from sending.guard.prints import person_print


def _gives(person: Person) -> Sequence[Section]:
    rows = Stranger.objects.filter(person=person_print(person.key), workspace=person.workspace_id)
    return (Section("Messages lost by a restore", list(rows.values("message_id", "written_at"))),)


def _erases(person: Person) -> None:
    Stranger.objects.filter(person=person_print(person.key), workspace=person.workspace_id).delete()


PART = PersonPart(holds=frozenset({"guard.Stranger"}), gives=_gives, erases=_erases)
