"""Read what was said in one conversation: the newest of it, and what came before it piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from outreach.kit import cursors
from sending.inbox.models import InboundMessage
from sending.inbox.threads.models import Answer, Thread, ThreadNote
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

AT_ONCE = 20  # mails and notes of a page, and of each piece before it
MOST_AT_ONCE = 100  # of a page that is open for long, and to which more has come
_MOST_ANSWERS = 1000
# Told by the head of a mail, which is not read whole for it.
_HAS_HTML = "position('text/html'::bytea IN substring(inbox_message.raw FROM 1 FOR 65536)) > 0"
_NEVER_LEFT = [MessageState.CANCELLED, MessageState.CLAIMED]
_CAME, _WENT, _NOTE = range(3)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a conversation: when, of which kind, and which of them."""

    at: datetime
    kind: int
    pk: int

    @property
    def text(self) -> str:
        """Return it as it stands in an address."""
        return cursors.written(self.at.isoformat(), self.kind, self.pk)


@dataclass(frozen=True, slots=True)
class Said:
    """One mail of a conversation, theirs (`came`) or ours (`went`), or a note of the team."""

    place: Place
    came: InboundMessage | None = None
    went: OutboundMessage | None = None
    note: ThreadNote | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A piece of what was said, oldest first. earlier: from where on there is more before it, "" = nothing."""

    said: Sequence[Said]
    earlier: str

    @property
    def begins(self) -> str:
        """Return the place of its oldest, "" where nothing was said."""
        return self.said[0].place.text if self.said else ""


def read_place(text: str) -> Place | None:
    """Read a place of an address, None for what is none."""
    found = cursors.read(text, count=3, longest=200)
    if found is None:
        return None
    at, kind, pk = found
    try:
        place = Place(datetime.fromisoformat(at), kind, pk)
        is_known = place.at.tzinfo is not None and kind in {_CAME, _WENT, _NOTE} and cursors.is_id(pk)
    except (ValueError, TypeError):
        return None
    return place if is_known else None


def said_by(row: InboundMessage | OutboundMessage | ThreadNote) -> Said:
    """Return one mail of either side, or one note, as a part of its conversation; a mail of ours with its `said_at`."""
    match row:
        case InboundMessage():
            return Said(Place(row.received_at, _CAME, row.pk), came=row)
        case OutboundMessage():
            return Said(Place(row.said_at, _WENT, row.pk), went=row)  # type: ignore[attr-defined]  # annotated
        case ThreadNote():
            return Said(Place(row.written_at, _NOTE, row.pk), note=row)


def conversation_of(thread: Thread, *, since: Place | None = None, before: Place | None = None) -> Conversation:
    """Return the newest of both sides and of the notes, in the order in which it was said.

    since: a page that began there, with all that has come to it; before: what was said before that place.
    """
    most = MOST_AT_ONCE if since else AT_ONCE
    sources = ((_came(thread), _CAME), (_sent(thread), _WENT), (_notes(thread), _NOTE))
    rows = (row for rows, kind in sources for row in _newest(rows, kind, before, most))
    said = sorted(map(said_by, rows), key=lambda one: one.place)
    begin = max(0, len(said) - most)
    if since is not None:
        begin = max(begin, next((at for at, one in enumerate(said) if one.place >= since), len(said)))
    shown = said[begin:]
    return Conversation(shown, earlier=shown[0].place.text if begin and shown else "")


def _newest(rows: QuerySet[Any], kind: int, before: Place | None, most: int) -> Sequence[Any]:
    by = ("received_at", "said_at", "written_at")[kind]
    if before is not None:
        earlier = Q(**{f"{by}__lt": before.at})
        if kind < before.kind:
            earlier = Q(**{f"{by}__lte": before.at})
        elif kind == before.kind:
            earlier |= Q(**{by: before.at}, pk__lt=before.pk)
        rows = rows.filter(earlier)
    return list(rows.order_by(f"-{by}", "-pk")[: most + 1])


def _came(thread: Thread) -> QuerySet[InboundMessage]:
    rows = InboundMessage.objects.filter(thread=thread).defer("raw")
    rows = rows.annotate(has_html=RawSQL(_HAS_HTML, (), output_field=BooleanField()))  # noqa: S611  # words of our own
    return rows.select_related("mailbox", "suggested__contact")


def _sent(thread: Thread) -> QuerySet[Any]:
    """Return our messages: those of the sequence that left or wait, and every answer."""
    answers = Answer.objects.filter(thread=thread).order_by("-pk").values_list("pk", flat=True)
    theirs = Q(pk__in=list(answers[:_MOST_ANSWERS]))
    if thread.enrollment_id is not None:
        theirs |= Q(enrollment=thread.enrollment_id) & ~Q(state__in=_NEVER_LEFT)
    rows = OutboundMessage.objects.filter(theirs).annotate(said_at=Coalesce("dot_at", "created_at"))
    return rows.select_related("mailbox", "campaign", "answer__author")


def _notes(thread: Thread) -> QuerySet[ThreadNote]:
    return thread.notes.select_related("written_by")
