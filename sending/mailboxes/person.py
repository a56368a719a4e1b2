"""What mailboxes have of a person: what was spent on them, and words of servers about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from sending.mailboxes.models import ConnectionTest, HealthChange, Mailbox, MailboxClock, Spending

T = TypeVar("T", Mailbox, MailboxClock)
# Sentences of a mailbox's clock in which a server may have named somebody.
_CLOCK_WORDS = ("hold_words", "follow_up_hold_words", "new_hold_words", "backoff_words")


def _gives(person: Person) -> Sequence[Section]:
    return (
        Section("Limits of mailboxes", list(_spending(person).values("mailbox__address", "spent_at", "domain"))),
        Section("Health of mailboxes", list(_health(person).values("mailbox__address", "at", "words"))),
        Section("States of mailboxes", list(_named(Mailbox, person, "state_reason").values("address", "state_reason"))),
        Section(
            "Waits of mailboxes",
            list(_named(MailboxClock, person, *_CLOCK_WORDS).values("mailbox__address", *_CLOCK_WORDS)),
        ),
        Section(
            "Test mails",
            list(_tests(person).values("mailbox__address", "recipient", "tested_at", "transcript", "what", "why")),
        ),
    )


@transaction.atomic
def _erases(person: Person) -> None:
    _spending(person).update(contact_id=None, domain="")
    _health(person).update(words=ERASED)
    _named(Mailbox, person, "state_reason").update(state_reason=ERASED)
    for column in _CLOCK_WORDS:
        _named(MailboxClock, person, column).update(**{column: ERASED})
    _tests(person).delete()


def _spending(person: Person) -> QuerySet[Spending]:
    return Spending.objects.filter(workspace_id=person.workspace_id, contact_id=person.contact_id)


def _health(person: Person) -> QuerySet[HealthChange]:
    named = Q(pk__in=[])
    for spelling in person.spellings:
        named |= Q(words__icontains=spelling)
    return HealthChange.objects.filter(named, mailbox__workspace=person.workspace_id)


def _named(model: type[T], person: Person, *columns: str) -> QuerySet[T]:
    """Return the workspace's mailboxes, or their clocks, in one of whose columns the address stands."""
    named = Q(pk__in=[])
    for column in columns:
        for spelling in person.spellings:
            named |= Q(**{f"{column}__icontains": spelling})
    place = "workspace" if model is Mailbox else "mailbox__workspace"
    return model._default_manager.filter(named, **{place: person.workspace_id})  # noqa: SLF001  Django's own name


def _tests(person: Person) -> QuerySet[ConnectionTest]:
    named = Q(pk__in=[])
    for spelling in person.spellings:
        named |= Q(recipient__iexact=spelling)
    return ConnectionTest.objects.filter(named, mailbox__workspace=person.workspace_id)


PART = PersonPart(
    holds=frozenset(
        {
            "mailboxes.ConnectionTest",
            "mailboxes.HealthChange",
            "mailboxes.Mailbox",
            "mailboxes.MailboxClock",
            "mailboxes.Spending",
        }
    ),
    gives=_gives,
    erases=_erases,
)
