"""What the rehearsals have of a person: the messages that they would have got, and where they would have stood."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.contacts.parts import Person, PersonPart, Section
from sending.rehearsal.models import RehearsedArrival, RehearsedMessage, RehearsedPerson

_MESSAGE = ("rehearsal__campaign__name", "mailbox", "recipient", "position", "at", "outcome", "words", "subject", "raw")
_ARRIVAL = ("message__rehearsal__campaign__name", "at", "part", "kind", "subject", "raw")
_STANDING = ("rehearsal__campaign__name", "email", "state", "reason", "words", "messages", "last_at", "next_at")


def _gives(person: Person) -> Sequence[Section]:
    messages = RehearsedMessage.objects.filter(contact=person.contact_id).order_by("pk")
    arrivals = RehearsedArrival.objects.filter(message__contact=person.contact_id).order_by("pk")
    standings = RehearsedPerson.objects.filter(contact=person.contact_id).order_by("pk")
    return (
        Section("Rehearsed messages, which nobody got", _readable(messages.values(*_MESSAGE))),
        Section("Rehearsed answers, which nobody wrote", _readable(arrivals.values(*_ARRIVAL))),
        Section("Places in rehearsals", list(standings.values(*_STANDING))),
    )


def _readable(rows: object) -> list[dict[str, object]]:
    return [{**row, "raw": bytes(row["raw"]).decode("utf-8", "replace")} for row in rows]  # type: ignore[attr-defined]  # values of a query


def _erases(person: Person) -> None:
    RehearsedMessage.objects.filter(contact=person.contact_id).delete()
    RehearsedPerson.objects.filter(contact=person.contact_id).delete()


PART = PersonPart(
    holds=frozenset({"rehearsal.RehearsedMessage", "rehearsal.RehearsedArrival", "rehearsal.RehearsedPerson"}),
    gives=_gives,
    erases=_erases,
)
