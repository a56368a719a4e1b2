"""Read conversations: lists by scope, their counts, and what one of them bears."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import CharField, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404

from outreach.accounts.access import Member
from sending.inbox.labelling import LABELLED
from sending.inbox.models import InboundMessage
from sending.inbox.threads.models import Answer, Label, Thread
from sending.inbox.threads.searching import Search, having
from sending.inbox.threads.states import Scope, ThreadState

MOST_COUNTED = 1000

_TALKS = "FROM inbox_thread t WHERE t.workspace_id = %(workspace)s AND t.is_talk AND t.state = 'open'"
_OF = "FROM inbox_thread t WHERE t.workspace_id = %(workspace)s"
_COUNTED = {
    Scope.ALL: _TALKS,
    Scope.UNREAD: f"{_TALKS} AND t.is_unread",
    Scope.AWAITING: f"{_TALKS} AND t.is_awaiting",
    Scope.MINE: f"{_OF} AND t.assignee_id = %(user)s AND t.state = 'open'",
    Scope.SNOOZED: f"{_OF} AND t.state = 'snoozed'",
    Scope.DONE: f"{_OF} AND t.state = 'done'",
    Scope.MACHINES: f"{_OF} AND NOT t.is_talk AND t.state = 'open'",
}
# One statement, so that all are of one instant; each reads its own index, and not beyond the bound.
_COUNT = "(SELECT count(*) FROM (SELECT 1 {condition} LIMIT {most}) AS found)"
_COUNTS = "SELECT " + ", ".join(_COUNT.format(condition=one, most=MOST_COUNTED) for one in _COUNTED.values())

# What a conversation shows of our messages and of its sequence changes without its row: each attempt, doubt and proof
# would else have to write to it. So it is asked for when somebody looks, and no writer can forget it.
_OURS = """(
SELECT md5(concat_ws(',', (SELECT e.state FROM planner_enrollment e WHERE e.id = inbox_thread.enrollment_id),
                     string_agg(concat_ws(' ', m.id, m.state, m.retry_at, m.dot_at, m.reason, b.said),
                                ',' ORDER BY m.id)))
  FROM (SELECT a.message_id AS id FROM inbox_answer a WHERE a.thread_id = inbox_thread.id
        UNION ALL
        SELECT o.id FROM outbox_message o WHERE o.enrollment_id = inbox_thread.enrollment_id) ours
  JOIN outbox_message m ON m.id = ours.id
  LEFT JOIN LATERAL (SELECT concat_ws(' ', x.state, x.state_reason) AS said FROM mailboxes_mailbox x
                      WHERE x.id = m.mailbox_id AND m.state = 'deferred') b ON true)"""


def with_ours(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """Return conversations with a print of our messages in them, as their version needs it."""
    return rows.annotate(ours=RawSQL(_OURS, (), output_field=CharField()))  # noqa: S611  # words of our own


def with_labels(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """Return conversations with `label_names`, by name: a prefetch makes a query set for each row, which costs more."""
    names = Label.objects.filter(labelled__thread=OuterRef("pk")).order_by("name").values("name")
    return rows.annotate(label_names=ArraySubquery(names))


def version_of(thread: Thread) -> str:
    """Return what differs whenever anything has changed that a conversation shows, ours in doubt or settled, too.

    The conversation was read with_ours.
    """
    return f"{thread.version}-{thread.ours[:12]}"  # type: ignore[attr-defined]  # annotated


def threads_of(
    member: Member, scope: Scope, *, sought: Search | None = None, label: int | None = None
) -> QuerySet[Thread]:
    """Return the conversations of a scope, for keyset paging by (newest_at, id); without labels, see with_labels.

    A search, or a label, in ALL looks everywhere. What is sought and not exact is `bounded` by whoever pages.
    """
    rows = Thread.objects.filter(workspace=member.workspace).select_related("mailbox", "assignee")
    if label is not None:
        rows = rows.filter(labelled__label=label)
    if scope is not Scope.ALL or not (sought or label):
        rows = _of_scope(rows, member, scope)
    if sought is not None:
        rows = having(rows, sought)
    return rows.order_by("-newest_at", "-id")


def counts_of(member: Member) -> Mapping[Scope, int]:
    """Return how many conversations each scope has, MOST_COUNTED where there are as many or more."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"workspace": member.workspace.pk, "user": member.user.pk})
        row = cursor.fetchone()
    return dict(zip(_COUNTED, row or (), strict=True))


def thread_for(member: Member, pk: int) -> Thread:
    """Return one conversation of the member's workspace, with_ours. Raises Http404 for any other."""
    rows = Thread.objects.select_related("mailbox", "workspace", "contact", "assignee", "enrollment__campaign")
    row = with_labels(with_ours(rows)).filter(workspace=member.workspace, pk=pk).first()
    if row is None:
        raise Http404("No such conversation")
    return row


def labels_of(member: Member) -> Sequence[Label]:
    """Return the workspace's labels by name."""
    return list(Label.objects.filter(workspace=member.workspace).order_by("name"))


def label_named(member: Member, name: str) -> Label | None:
    """Return the workspace's label of this name, however it is written."""
    return Label.objects.filter(workspace=member.workspace, name__iexact=" ".join(name.split())).first()


def answer_for(thread: Thread, message_id: int) -> Answer:
    """Return an answer that was written in a conversation. Raises Http404 for any other message."""
    row = Answer.objects.filter(thread=thread, message=message_id).first()
    if row is None:
        raise Http404("No such answer")
    return row


def labels_on(thread: Thread) -> Sequence[Label]:
    """Return the labels of a conversation by name."""
    return list(Label.objects.filter(labelled__thread=thread).order_by("name"))


def newest_answer(thread: Thread) -> InboundMessage | None:
    """Return the newest mail of a conversation of which a person may say what it says."""
    rows = InboundMessage.objects.filter(thread=thread, kind__in=LABELLED).defer("raw", "text")
    return rows.select_related("contact").order_by("-received_at", "-pk").first()


def fingerprint(rows: Sequence[Thread], *more: object) -> str:
    """Return what changes when anything that a list shows has changed."""
    told = repr(([(row.pk, row.version) for row in rows], more))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _of_scope(rows: QuerySet[Thread], member: Member, scope: Scope) -> QuerySet[Thread]:
    if scope is Scope.MINE:
        return rows.filter(assignee=member.user, state=ThreadState.OPEN)
    if scope is Scope.SNOOZED:
        return rows.filter(state=ThreadState.SNOOZED)
    if scope is Scope.DONE:
        return rows.filter(state=ThreadState.DONE)
    if scope is Scope.MACHINES:
        return rows.filter(is_talk=False, state=ThreadState.OPEN)
    rows = rows.filter(is_talk=True, state=ThreadState.OPEN)
    if scope is Scope.UNREAD:
        return rows.filter(is_unread=True)
    return rows.filter(is_awaiting=True) if scope is Scope.AWAITING else rows
