"""What tracking has of a person: hits, and of a deleted one that they were written to."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from campaigns.contacts.models import Contact
from campaigns.contacts.parts import Person, PersonPart, Section
from campaigns.contacts.prints import prints_of
from sending.outbox.models import OutboundMessage
from sending.tracking.models import GoneContact, Hit

_VALUES = ("kind", "at", "method", "agent", "network", "judgement", "signs")


def _gives(person: Person) -> Sequence[Section]:
    rows = Hit.objects.filter(contact_id=person.contact_id).order_by("at")
    return (Section("Clicks and opens", list(rows.values(*_VALUES))),)


def _erases(person: Person) -> None:
    Hit.objects.filter(contact_id=person.contact_id).delete()


def _outlives(ids: Collection[int]) -> None:
    """Keep of those who were written to the prints, and nothing else: their opt-out has to work for ever."""
    Hit.objects.filter(contact_id__in=ids).delete()
    written = OutboundMessage.objects.filter(contact__in=ids).values("contact")
    rows = Contact.objects.filter(pk__in=written, erased_at=None).values_list("pk", "workspace", "email_key")
    GoneContact.objects.bulk_create(
        [
            GoneContact(contact_id=pk, workspace_id=workspace_id, print=prints_of(workspace_id, key)[0])
            for pk, workspace_id, key in rows
        ],
        ignore_conflicts=True,
    )


PART = PersonPart(holds=frozenset({"tracking.Hit"}), gives=_gives, erases=_erases, outlives=_outlives)
