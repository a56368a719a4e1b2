"""What mailboxes have of a person: what was spent on them, and words of servers about them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from sending.mailboxes.models import ConnectionTest, HealthChange, Spending


def _gives(person: Person) -> Sequence[Section]:
    return (
        Section("Limits of mailboxes", list(_spending(person).values("mailbox__address", "spent_at", "domain"))),
        Section("Health of mailboxes", list(_health(person).values("mailbox__address", "at", "words"))),
        Section(
            "Test mails",
            list(_tests(person).values("mailbox__address", "recipient", "tested_at", "transcript", "what", "why")),
        ),
    )


@transaction.atomic
def _erases(person: Person) -> None:
    _spending(person).update(contact_id=None, domain="")
    _health(person).update(words=ERASED)
    _tests(person).delete()


def _spending(person: Person) -> QuerySet[Spending]:
    return Spending.objects.filter(workspace_id=person.workspace_id, contact_id=person.contact_id)


def _health(person: Person) -> QuerySet[HealthChange]:
    named = Q(pk__in=[])
    for spelling in person.spellings:
        named |= Q(words__icontains=spelling)
    return HealthChange.objects.filter(named, mailbox__workspace=person.workspace_id)


def _tests(person: Person) -> QuerySet[ConnectionTest]:
    named = Q(pk__in=[])
    for spelling in person.spellings:
        named |= Q(recipient__iexact=spelling)
    return ConnectionTest.objects.filter(named, mailbox__workspace=person.workspace_id)


PART = PersonPart(
    holds=frozenset({"mailboxes.Spending", "mailboxes.HealthChange", "mailboxes.ConnectionTest"}),
    gives=_gives,
    erases=_erases,
)
