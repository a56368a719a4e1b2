"""Put a mail into the conversation of whom a person says that it is from; nothing that a team wrote gets lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import F, Max

from campaigns.sequences.states import ReplyClass
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.inbox.threads.models import Answer, Draft, Thread, ThreadLabel, ThreadNote
from sending.inbox.threads.placing import PERSONAL, place, snippet_of
from sending.outbox.states import MessageState

_MOVE_WORDS = """
INSERT INTO inbox_thread_words AS w (thread_id, words)
SELECT %(theirs)s, b.words FROM inbox_thread_words b WHERE b.thread_id = %(before)s
ON CONFLICT (thread_id) DO UPDATE SET words = w.words || EXCLUDED.words WHERE pg_column_size(w.words) < 200000
"""


def belong(row: InboundMessage, says: ReplyClass | None) -> None:
    """Put a mail, of which a person has said whose it is, into their conversation. Inside the caller's transaction.

    Where they have none yet, the one that the mail has begun becomes theirs, with what else was written in it. Where no
    mail is left in that, what the team has put on it goes along; else it stays with those that are left.
    """
    before = row.thread
    if before is None or row.enrollment_id is None or before.enrollment_id is not None:
        return
    theirs = Thread.objects.filter(enrollment=row.enrollment_id).first()
    if theirs is None:
        Thread.objects.filter(pk=before.pk).update(
            enrollment=row.enrollment_id, contact=row.contact_id, writer="", topic="", version=F("version") + 1
        )
        return
    place(row, (), says)
    if InboundMessage.objects.filter(thread=before).exists():
        _tell_anew(before)
    else:
        _hand_over(before, theirs)


def hold_threads(ids: Sequence[int]) -> None:
    """Hold the rows of conversations, in one order, until the transaction ends."""
    list(Thread.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def answered_so_far(thread_id: int) -> dict[str, Any]:
    """Return what a conversation's row says of our answers: those that have left, or may yet, here or elsewhere."""
    gone = [MessageState.FAILED, MessageState.CANCELLED]
    live = Answer.objects.filter(thread=thread_id).exclude(message__state__in=gone)
    rows = InboundMessage.objects.filter(thread=thread_id)
    own = rows.filter(kind=Kind.OTHER, evidence__contains=[{"layer": "own"}])
    ats = [live.aggregate(at=Max("written_at"))["at"], own.aggregate(at=Max("received_at"))["at"]]
    written_at = max((at for at in ats if at is not None), default=None)
    newest = rows.filter(kind__in=PERSONAL).order_by("-received_at", "-pk").values_list("kind", "received_at").first()
    waits = newest is not None and newest[0] == Kind.HUMAN_REPLY and (written_at is None or newest[1] > written_at)
    return {"written_at": written_at, "is_awaiting": waits}


def _hand_over(before: Thread, theirs: Thread) -> None:
    """Give what hangs on a conversation that ends to another one."""
    Answer.objects.filter(thread=before).update(thread=theirs)
    ThreadNote.objects.filter(thread=before).update(thread=theirs)
    there = Draft.objects.filter(thread=theirs).values("author")
    Draft.objects.filter(thread=before).exclude(author__in=there).update(thread=theirs)
    begun = dict(Draft.objects.filter(thread=theirs).values_list("author", "pk"))
    for draft in Draft.objects.filter(thread=before):  # they have begun in both: neither is thrown away
        kept = Draft.objects.get(pk=begun[draft.author_id])
        Draft.objects.filter(pk=kept.pk).update(text=f"{kept.text}\n\n{draft.text}"[:50_000])
    on_it = ThreadLabel.objects.filter(thread=theirs).values("label")
    ThreadLabel.objects.filter(thread=before).exclude(label__in=on_it).update(thread=theirs)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_WORDS, {"theirs": theirs.pk, "before": before.pk})
    answered = answered_so_far(theirs.pk)
    assignee = theirs.assignee_id or before.assignee_id
    Thread.objects.filter(pk=theirs.pk).update(assignee=assignee, **answered, version=F("version") + 1)
    before.delete()


def _tell_anew(thread: Thread) -> None:
    """Let the row of a conversation tell of the mails that are left in it."""
    rows = InboundMessage.objects.filter(thread=thread).defer("raw").order_by("-received_at", "-pk")
    newest, heard = rows.first(), rows.filter(kind__in=PERSONAL).first()
    assert newest is not None
    about = heard or newest
    Thread.objects.filter(pk=thread.pk).update(
        newest_at=newest.received_at,
        newest_kind=newest.kind,
        snippet=snippet_of(newest.text),
        name=about.from_name,
        address=about.from_address,
        heard_at=heard.received_at if heard else None,
        is_talk=heard is not None,
        **answered_so_far(thread.pk),
        says=about.label or about.guess if heard else "",
        mails=rows.count(),
        version=F("version") + 1,
    )
