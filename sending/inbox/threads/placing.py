"""Which conversation a mail belongs to, and what its row says of it: in the transaction that stores the mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q

from campaigns.sequences.states import ReplyClass
from outreach.kit.addresses import key_of
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.inbox.threads.models import Answer, Thread, ThreadNote, ThreadWords
from sending.inbox.threads.states import ThreadState
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

# A person wrote these. A machine's mail neither wakes a conversation nor makes it unread.
PERSONAL = frozenset({Kind.HUMAN_REPLY, Kind.OPT_OUT})
_FORBIDS = frozenset({Kind.OPT_OUT, Kind.COMPLAINT})
_MOST_IDS = 50  # a hostile mail may name thousands
_SNIPPET = 160
_SPACE = re.compile(r"\s+")
_RE = re.compile(r"^\s*(?:(?:re|aw|fwd?|wg|sv|vs|antw|rif|tr|r|i|ynt|odp)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_QUOTE = re.compile(r"^\s*>")
# A tsvector has an end (1 MB); what a person writes in one mail is shorter than this.
_WORDS_OF_A_MAIL = 20_000
_WORDS_OF_A_THREAD = 200_000
_ADD_WORDS = """
INSERT INTO inbox_thread_words AS w (thread_id, words) VALUES (%(thread)s, to_tsvector('simple', %(text)s))
ON CONFLICT (thread_id) DO UPDATE SET words = w.words || EXCLUDED.words WHERE pg_column_size(w.words) < %(most)s
"""


def place(row: InboundMessage, named: Sequence[str], says: ReplyClass | None) -> Thread:
    """Put a stored mail into its conversation, and let the conversation's row tell of it.

    named: the Message-IDs that it names, in the order in which they prove most. Runs inside the caller's transaction,
    which holds the workspace's gate: no two mails make the same conversation.
    """
    thread = _thread_of(row, [one for one in named if one][:_MOST_IDS]) or _begin(row)
    InboundMessage.objects.filter(pk=row.pk).update(thread=thread)
    row.thread = thread
    _tell(thread, row, says)
    if row.kind in _FORBIDS:
        _withhold(row)
    add_words(thread.pk, _words_of(row))
    return thread


def say(row: InboundMessage, says: ReplyClass | None) -> None:
    """Let the conversation follow what a person says of one of its mails, where that is its newest answer."""
    if row.thread_id is None:
        return
    newest = InboundMessage.objects.filter(thread=row.thread_id, kind__in=[*PERSONAL, Kind.AUTO_REPLY])
    if newest.order_by("-received_at", "-pk").values_list("pk", flat=True).first() == row.pk:
        Thread.objects.filter(pk=row.thread_id).update(says=says or "", version=F("version") + 1)


def note_change(thread_id: int | None) -> None:
    """Let pages that show a conversation know that they are behind."""
    if thread_id is not None:
        Thread.objects.filter(pk=thread_id).update(version=F("version") + 1)


def add_words(thread_id: int, text: str) -> None:
    """Let a conversation be found by these words, too."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_WORDS, {"thread": thread_id, "text": text, "most": _WORDS_OF_A_THREAD})


def write_words_anew(thread_id: int) -> None:
    """Let a conversation be found by what it holds today, and by nothing that was taken from it."""
    ThreadWords.objects.filter(thread=thread_id).delete()
    for row in InboundMessage.objects.filter(thread=thread_id).defer("raw").order_by("pk"):
        add_words(thread_id, _words_of(row))
    ours = Answer.objects.filter(thread=thread_id).order_by("pk").values_list("message__body_text", flat=True)
    notes = ThreadNote.objects.filter(thread=thread_id).order_by("pk").values_list("text", flat=True)
    for text in (*ours, *notes):
        add_words(thread_id, text[:_WORDS_OF_A_MAIL])


def topic_of(subject: str) -> str:
    """Return the print of a subject without what answers and forwards put before it."""
    plain = _SPACE.sub(" ", _RE.sub("", subject)).strip().casefold()
    return hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest()


def snippet_of(text: str) -> str:
    """Return how a mail begins, without what it quotes."""
    lines = (line for line in text[:4000].splitlines() if line.strip() and not _QUOTE.match(line))
    return _SPACE.sub(" ", " ".join(lines)).strip()[:_SNIPPET]


def is_own(row: InboundMessage) -> bool:
    """Say whether we wrote a mail ourselves, in another mail program."""
    return any(one.get("layer") == "own" for one in row.evidence)


def _words_of(row: InboundMessage) -> str:
    return " ".join((row.from_name, row.from_address, row.subject, row.text[:_WORDS_OF_A_MAIL]))


def _withhold(row: InboundMessage) -> None:
    """Let no answer leave that was confirmed in spite of an earlier suppression: they have asked again."""
    theirs = Q(recipient__iexact=row.from_address)
    if row.contact_id is not None:
        theirs |= Q(contact=row.contact_id)
    under_way = Answer.objects.filter(is_settled=False, thread__workspace=row.workspace_id).exclude(overruled="")
    waiting = OutboundMessage.objects.filter(theirs, pk__in=list(under_way.values_list("pk", flat=True)))
    waiting.filter(state__in=[MessageState.DEFERRED, MessageState.CLAIMED]).update(despite_until=None)


def _thread_of(row: InboundMessage, named: Sequence[str]) -> Thread | None:
    """Return the conversation that a mail goes on with, and hold its row."""
    held = Thread.objects.select_for_update(of=("self",), no_key=True).filter(workspace=row.workspace_id)
    if row.enrollment_id is not None:
        found = held.filter(enrollment=row.enrollment_id).first()
        if found is not None:
            return found
    if row.answers_id is not None:
        answered = Answer.objects.filter(message=row.answers_id).values_list("thread", flat=True).first()
        if answered is not None:
            return held.get(pk=answered)
    if named:
        earlier = InboundMessage.objects.filter(
            mailbox=row.mailbox_id, message_id__in=named, thread__isnull=False, received_at__lte=row.received_at
        )
        by_id = dict(earlier.exclude(pk=row.pk).values_list("message_id", "thread"))
        pk = next((by_id[one] for one in named if one in by_id), None)
        if pk is not None:
            return _claimed(held.get(pk=pk), row)
    writer = key_of(row.from_address)
    if row.enrollment_id is None and writer:
        same = held.filter(mailbox=row.mailbox_id, writer=writer, topic=topic_of(row.subject))
        return same.order_by("-newest_at", "-pk").first()
    return None


def _claimed(thread: Thread, row: InboundMessage) -> Thread | None:
    """Return a conversation that references lead to; none that belongs to somebody else's sequence."""
    if row.enrollment_id is None or thread.enrollment_id == row.enrollment_id:
        return thread
    if thread.enrollment_id is not None:
        return None
    Thread.objects.filter(pk=thread.pk).update(enrollment=row.enrollment_id, contact=row.contact_id)
    return thread


def _begin(row: InboundMessage) -> Thread:
    alone = row.enrollment_id is None
    return Thread.objects.create(
        workspace_id=row.workspace_id,
        mailbox_id=row.mailbox_id,
        contact_id=row.contact_id,
        enrollment_id=row.enrollment_id,
        writer=(key_of(row.from_address) if alone else "")[:320],
        topic=topic_of(row.subject) if alone else "",
        subject=row.subject,
        newest_at=row.received_at,
        version=0,
    )


def _tell(thread: Thread, row: InboundMessage, says: ReplyClass | None) -> None:
    """Let the row of a conversation, which is held, tell of a mail. One that comes late changes nothing newer."""
    now = _what_changes(thread, row, says)
    Thread.objects.filter(pk=thread.pk).update(**now, mails=F("mails") + 1, version=F("version") + 1)
    for name, value in now.items():
        setattr(thread, name, value)


def _what_changes(thread: Thread, row: InboundMessage, says: ReplyClass | None) -> dict[str, Any]:
    is_newest = row.received_at >= thread.newest_at or not thread.newest_kind
    now: dict[str, Any] = {"newest_at": max(row.received_at, thread.newest_at)}
    if is_newest:
        now |= {"newest_kind": row.kind, "snippet": snippet_of(row.text)}
    if thread.contact_id is None and row.contact_id is not None:
        now["contact_id"] = row.contact_id
    if is_own(row):
        return now | _answered(thread, row.received_at)
    if says is not None and is_newest:
        now["says"] = says
    if row.kind not in PERSONAL:
        # Who wrote before stays on the row: a report is about them, not from them.
        return now | ({} if thread.is_talk else {"name": row.from_name, "address": row.from_address})
    is_later = thread.heard_at is None or row.received_at >= thread.heard_at
    if row.is_back_fill and not is_later:
        return now  # somebody has been through later ones: one from long before brings nothing back
    if is_later:
        waits = row.kind == Kind.HUMAN_REPLY and (thread.written_at is None or row.received_at > thread.written_at)
        now |= {
            "heard_at": row.received_at,
            "name": row.from_name,
            "address": row.from_address,
            "is_awaiting": waits,
            "says": says or "",
        }
    return now | {
        "is_talk": True,
        "is_unread": True,
        "state": ThreadState.OPEN,
        "snoozed_until": None,
        "done_at": None,
    }


def _answered(thread: Thread, at: datetime) -> dict[str, Any]:
    written_at = max(at, thread.written_at or at)
    waits = thread.is_awaiting and thread.heard_at is not None and thread.heard_at > written_at
    return {"written_at": written_at, "is_awaiting": waits}
