"""What the rehearsals have of a person: the messages that they would have got, and where they would have stood.

A report has counts, and some people as ids; an address can only stand in words of a server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson

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
        Section(
            "Reports of rehearsals that name the person", list(_reports(person).values("campaign__name", "report"))
        ),
    )


def _readable(rows: object) -> list[dict[str, object]]:
    return [{**row, "raw": bytes(row["raw"]).decode("utf-8", "replace")} for row in rows]  # type: ignore[attr-defined]  # values of a query


def _reports(person: Person) -> QuerySet[Rehearsal]:
    """Return the rehearsals in whose report the person is an example, or is named by words."""
    named = Q(report__checks__contains=[{"examples": [person.contact_id]}])
    for spelling in person.spellings:
        named |= Q(as_text__icontains=spelling)
    rows = Rehearsal.objects.filter(workspace=person.workspace_id, report__isnull=False)
    return rows.annotate(as_text=Cast("report", TextField())).filter(named).order_by("pk")


def _without(report: dict[str, Any], person: Person) -> dict[str, Any]:
    checks = [
        {**one, "examples": [each for each in one["examples"] if not _is_theirs(each, person)]}
        for one in report.get("checks", ())
    ]
    findings = [
        {name: ERASED if _names(value, person) else value for name, value in one.items()}
        for one in report.get("findings", ())
    ]
    return {**report, "checks": checks, "findings": findings}


def _is_theirs(example: object, person: Person) -> bool:
    return example == person.contact_id or _names(example, person)


def _names(value: object, person: Person) -> bool:
    return isinstance(value, str) and any(one.lower() in value.lower() for one in person.spellings)


def _erases(person: Person) -> None:
    with transaction.atomic():
        for row in _reports(person).select_for_update(of=("self",), no_key=True):
            Rehearsal.objects.filter(pk=row.pk).update(report=_without(row.report or {}, person))
    for spelling in person.spellings:  # somebody else may have been stopped by what they did
        theirs = RehearsedPerson.objects.filter(rehearsal__workspace=person.workspace_id, words__icontains=spelling)
        theirs.update(words=ERASED)
    RehearsedMessage.objects.filter(contact=person.contact_id).delete()
    RehearsedPerson.objects.filter(contact=person.contact_id).delete()


PART = PersonPart(
    holds=frozenset(
        {
            "rehearsal.Rehearsal",
            "rehearsal.RehearsedMessage",
            "rehearsal.RehearsedArrival",
            "rehearsal.RehearsedPerson",
        }
    ),
    gives=_gives,
    erases=_erases,
)
