"""What the outbox has of a person: messages and the dialogues in which they were handed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When

from campaigns.contacts.models import Contact
from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from campaigns.contacts.person import LABEL
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.outbox.cancels import cancel_answer, cancel_stopped
from sending.outbox.events import entry_about
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.services import stop_contact
from sending.planner.states import StopReason

# Of these something may still be written down: by who has them in hand, or by what is found out about a doubt.
_UNDER_WAY = (MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.IN_DOUBT)
_IN_HAND = (MessageState.CLAIMED, MessageState.DOT_PENDING)
_LEFT = (MessageState.DOT_PENDING, MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT)
_VALUES = (
    "campaign__name", "mailbox__address", "step__position", "message_id", "recipient", "subject", "body_text",
    "body_html", "state", "reason", "reply_code", "reply_enhanced", "reply_text", "created_at", "dot_at", "sent_at",
    "ended_at",
)  # fmt: skip
_DIALOGUE = ("message__message_id", "number", "outcome", "phase", "reply_text", "transcript", "started_at", "ended_at")


def _messages(person: Person) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(contact=person.contact_id)


def _gives(person: Person) -> Sequence[Section]:
    attempts = Attempt.objects.filter(message__contact=person.contact_id).order_by("message_id", "number")
    return (
        Section("Messages", list(_messages(person).order_by("pk").values(*_VALUES))),
        Section("Dialogues with mail servers", list(attempts.values(*_DIALOGUE))),
    )


def _sent(person: Person) -> Sequence[tuple[datetime, str]]:
    """Return what left, also where it is in doubt whether it arrived."""
    rows = _messages(person).filter(state__in=_LEFT).order_by("dot_at").values_list("dot_at", "subject")
    return [(at, subject) for at, subject in rows if at is not None]


def _halts(person: Person) -> None:
    """Call off every sequence, and what waits for another try; messages before their sequences, as everywhere."""
    theirs = Q(contact=person.contact_id)
    # Also an answer to them that waits in the conversation with somebody else.
    waiting = Q(workspace=person.workspace_id, state=MessageState.DEFERRED, campaign=None)
    for spelling in person.spellings:
        theirs |= waiting & Q(recipient__iexact=spelling)
    rows = OutboundMessage.objects.filter(theirs)
    held = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
    contact = Contact.objects.get(pk=person.contact_id)
    stop_contact(contact, StopReason.SUPPRESSED, detail=ERASED)
    cancelled = cancel_stopped([one.pk for one in held], states=[MessageState.DEFERRED], words=ERASED)
    cancelled |= {one.pk for one in held if one.enrollment_id is None and cancel_answer(one.pk, words=ERASED)}
    now = database_now()
    record([entry_about(one, EventKind.CANCELLED, now, words=ERASED) for one in held if one.pk in cancelled])


def _is_busy(person: Person) -> bool:
    return _messages(person).filter(state__in=_UNDER_WAY).exists()


@transaction.atomic
def _erases(person: Person) -> None:
    """Keep when a message left from where and how that ended; what is in hand is left to its worker."""
    rows = _messages(person).exclude(state__in=_IN_HAND)
    Attempt.objects.filter(message__in=rows).update(transcript=[], reply_text="")
    rows.update(
        recipient=LABEL,
        subject="",
        body_text="",
        body_html="",
        reply_text="",
        reason=Case(When(reason="", then=Value("")), default=Value(ERASED)),
    )


@transaction.atomic
def _forgets(workspace_id: int, before: datetime, after: int, most: int) -> tuple[int, int]:
    """Empty the dialogues of the next messages; what servers answered in the end is told by the message."""
    rows = OutboundMessage.objects.filter(workspace=workspace_id, pk__gt=after, created_at__lt=before)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
    if not ids:
        return 0, after
    attempts = Attempt.objects.filter(message__in=ids).exclude(transcript=[])
    return attempts.update(transcript=[]), ids[-1]


PART = PersonPart(
    holds=frozenset({"outbox.OutboundMessage", "outbox.Attempt"}),
    sent=_sent,
    gives=_gives,
    halts=_halts,
    is_busy=_is_busy,
    erases=_erases,
    forgets=_forgets,
    ties={"outbox.outboundmessage": "they were written to"},
)
