"""What the inbox has of a person: the mails that came from them, or about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from sending.inbox.models import Answer, Draft, InboundMessage, SetAside, Thread, ThreadNote, ThreadWords
from sending.inbox.threads.placing import write_words_anew

# That there was a mail, of what kind, and that it need not be read again.
EMPTY: dict[str, Any] = {
    "message_id": "", "from_name": "", "from_address": "", "subject": "", "text": "", "raw": b"", "evidence": [],
    "followed": "", "attached": [], "suggested": None, "suggested_words": "", "named_address": "",
}  # fmt: skip
_VALUES = (
    "mailbox__address", "received_at", "kind", "category", "message_id", "from_name", "from_address", "subject", "text",
    "evidence", "raw", "attached", "label", "labelled_at", "followed",
    "guess", "named_address", "again_on",
)  # fmt: skip

_EMPTY_THREAD = {"writer": "", "topic": "", "name": "", "address": "", "subject": "", "snippet": ""}
_THREAD_VALUES = (
    "mailbox__address", "name", "address", "subject", "snippet", "newest_at", "says", "mails", "heard_at", "written_at",
    "state", "snoozed_until",
)  # fmt: skip


def _mails(person: Person) -> QuerySet[InboundMessage]:
    theirs = Q(contact=person.contact_id)
    for spelling in person.spellings:
        theirs |= Q(from_address__iexact=spelling)
    return InboundMessage.objects.filter(theirs, workspace=person.workspace_id)


def _threads(person: Person) -> QuerySet[Thread]:
    theirs = Q(contact=person.contact_id)
    for spelling in person.spellings:
        theirs |= Q(writer=spelling) | Q(address__iexact=spelling)
    return Thread.objects.filter(theirs, workspace=person.workspace_id)


def _gives(person: Person) -> Sequence[Section]:
    rows = [
        {**row, "raw": bytes(row["raw"]).decode("utf-8", "replace")}
        for row in _mails(person).order_by("pk").values(*_VALUES)
    ]
    threads = list(_threads(person).order_by("pk").values(*_THREAD_VALUES))
    unread = [
        {**row, "raw": bytes(row["raw"] or b"").decode("utf-8", "replace")}
        for row in _unread(person).order_by("pk").values("mailbox__address", "received_at", "reason", "raw")
    ]
    notes = ThreadNote.objects.filter(thread__in=_threads(person)).order_by("pk")
    drafts = Draft.objects.filter(thread__in=_threads(person)).order_by("pk")
    return (
        Section("Mails that came in", rows),
        Section("Conversations", threads),
        Section("Answers begun", list(drafts.values("text", "kept_at", "author__email"))),
        Section("Answers in spite of a suppression", list(_answers(person).values("written_at", "overruled"))),
        Section("Notes on conversations", list(notes.values("text", "written_at", "written_by__email"))),
        Section("Mails that could not be taken in", unread),
    )


def _unread(person: Person) -> QuerySet[SetAside]:
    """Return the mails that nobody could take in and that name the person, wherever in them."""
    letters = Func(F("raw"), Value("escape"), function="encode", output_field=TextField())
    rows = SetAside.objects.filter(mailbox__workspace=person.workspace_id, raw__isnull=False).annotate(letters=letters)
    theirs = Q(pk__in=[])
    for spelling in person.spellings:
        theirs |= Q(letters__icontains=spelling)
    return rows.filter(theirs)


def _answers(person: Person) -> QuerySet[Answer]:
    theirs = Q(message__contact=person.contact_id)
    for spelling in person.spellings:
        theirs |= Q(overruled__icontains=spelling)
    return Answer.objects.filter(theirs, thread__workspace=person.workspace_id).exclude(overruled="").order_by("pk")


def _erases(person: Person) -> None:
    _answers(person).update(overruled=ERASED)
    spoken_in = set(_mails(person).exclude(thread=None).values_list("thread", flat=True))
    _mails(person).update(**EMPTY)
    ids = list(_threads(person).values_list("pk", flat=True))
    ThreadWords.objects.filter(thread__in=ids).delete()
    ThreadNote.objects.filter(thread__in=ids).delete()
    Draft.objects.filter(thread__in=ids).delete()
    for other in sorted(spoken_in.difference(ids)):  # somebody else's, in which they had spoken
        write_words_anew(other)
    Thread.objects.filter(pk__in=ids).update(**_EMPTY_THREAD, version=F("version") + 1)
    _unread(person).delete()


def _active(workspace_id: int, ids: Collection[int], since: datetime) -> set[int]:
    rows = InboundMessage.objects.filter(workspace=workspace_id, contact__in=ids, received_at__gte=since)
    return {pk for pk in rows.values_list("contact_id", flat=True) if pk is not None}


PART = PersonPart(
    holds=frozenset(
        f"inbox.{name}"
        for name in ("Answer", "Draft", "InboundMessage", "SetAside", "Thread", "ThreadNote", "ThreadWords")
    ),
    gives=_gives,
    erases=_erases,
    active=_active,
    ties={"inbox.inboundmessage": "they wrote to us", "inbox.thread": "they wrote to us"},
)
