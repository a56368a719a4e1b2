"""What the inbox has of a person: the mails that came from them, or about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.contacts.parts import Person, PersonPart, Section
from sending.inbox.models import InboundMessage

# That there was a mail, of what kind, and that it need not be read again.
EMPTY: dict[str, Any] = {
    "message_id": "", "from_name": "", "from_address": "", "subject": "", "text": "", "raw": b"", "evidence": [],
    "followed": "", "suggested": None, "suggested_words": "",
}  # fmt: skip
_VALUES = (
    "mailbox__address", "received_at", "kind", "category", "message_id", "from_name", "from_address", "subject", "text",
    "evidence", "raw", "label", "labelled_at", "followed",
)  # fmt: skip


def _mails(person: Person) -> QuerySet[InboundMessage]:
    theirs = Q(contact=person.contact_id)
    for spelling in person.spellings:
        theirs |= Q(from_address__iexact=spelling)
    return InboundMessage.objects.filter(theirs, workspace=person.workspace_id)


def _gives(person: Person) -> Sequence[Section]:
    rows = [
        {**row, "raw": bytes(row["raw"]).decode("utf-8", "replace")}
        for row in _mails(person).order_by("pk").values(*_VALUES)
    ]
    return (Section("Mails that came in", rows),)


def _erases(person: Person) -> None:
    _mails(person).update(**EMPTY)


def _active(workspace_id: int, ids: Collection[int], since: datetime) -> set[int]:
    rows = InboundMessage.objects.filter(workspace=workspace_id, contact__in=ids, received_at__gte=since)
    return {pk for pk in rows.values_list("contact_id", flat=True) if pk is not None}


PART = PersonPart(
    holds=frozenset({"inbox.InboundMessage"}),
    gives=_gives,
    erases=_erases,
    active=_active,
    ties={"inbox.inboundmessage": "they wrote to us"},
)
