"""Write down how attempts ended: message, enrollment, mailbox, events, in one transaction for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from campaigns.contacts.models import Contact
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.models import Workspace
from outreach.kit import gate
from outreach.kit.rows import copy_rows
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.services import back_off, note_connected, refuse_sign_in, shut_out
from sending.outbox.core import Aftermath, MailboxNews, after
from sending.outbox.jobs import Job, Result
from sending.outbox.models import Attempt
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.services import Sent, advance, stop
from sending.planner.states import StopReason
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Refused, Unreachable, Withdrawn

# Fenced: only the attempt that holds the message may write, and only from the states in which it can be in hand.
_RECORD = """
UPDATE outbox_message m
   SET state = v.state, reason = v.reason, reply_code = v.code, reply_enhanced = v.enhanced, reply_text = v.words,
       refusals = m.refusals + v.charged, lease_until = NULL,
       retry_at = CASE WHEN v.state = 'deferred' THEN now() + make_interval(secs => v.wait_s) END,
       sent_at = CASE WHEN v.state = 'sent' THEN v.ended_at END,
       ended_at = CASE WHEN v.state IN ('sent', 'failed') THEN v.ended_at END
  FROM unnest(%s::bigint[], %s::uuid[], %s::varchar[], %s::varchar[], %s::smallint[], %s::varchar[], %s::text[],
              %s::smallint[], %s::float8[], %s::timestamptz[])
    AS v(id, attempt, state, reason, code, enhanced, words, charged, wait_s, ended_at)
 WHERE m.id = v.id AND m.attempt = v.attempt AND m.state IN ('claimed', 'dot_pending')
   AND (m.state = 'dot_pending' OR v.state IN ('deferred', 'failed'))
RETURNING m.id
"""
# A message called back at the mark: where its sequence was stopped it is over, else it waits for its next claim.
_CANCEL_STOPPED = """
UPDATE outbox_message m
   SET state = 'cancelled', reason = left('Called off before it left: ' || e.stop_reason, 500),
       lease_until = NULL, retry_at = NULL, ended_at = now()
  FROM planner_enrollment e
 WHERE m.id = ANY(%s) AND m.state IN ('claimed', 'deferred') AND e.id = m.enrollment_id AND e.state = 'stopped'
RETURNING m.id
"""
_ATTEMPT_COLUMNS = (
    "id", "message_id", "number", "outcome", "phase", "reply_code", "reply_enhanced", "reply_text", "category",
    "transcript", "started_at", "ended_at",
)  # fmt: skip
_KINDS = {
    MessageState.SENT: EventKind.SENT,
    MessageState.DEFERRED: EventKind.DEFERRED,
    MessageState.FAILED: EventKind.FAILED,
    MessageState.IN_DOUBT: EventKind.IN_DOUBT,
}
_TEXT_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class _Ending:
    result: Result
    aftermath: Aftermath

    @property
    def job(self) -> Job:
        return self.result.job


def record_results(results: Sequence[Result]) -> list[bool]:
    """Record a batch; False for each whose attempt had lost its lease (somebody else has decided by then)."""
    endings = [_Ending(result, after(result.outcome, refusals=result.job.refusals)) for result in results]
    with transaction.atomic():
        for workspace_id in sorted({one.job.workspace_id for one in endings if one.aftermath.stop}):
            gate.hold_shut(workspace_id)
        kept = _write_messages(endings)
        live = [one for one in endings if one.job.message_pk in kept]
        _write_attempts(live, late=[one for one in endings if one.job.message_pk not in kept])
        cancelled = _cancel_stopped([one for one in live if isinstance(one.result.outcome, Withdrawn)])
        record(list(_entries(live, cancelled)))
        advance(
            [
                Sent(one.job.enrollment_id, one.job.position, one.result.ended_at)
                for one in live
                if one.aftermath.state is MessageState.SENT
            ]
        )
        _end_sequences(live)
        _tell_mailboxes(live)
    return [one.job.message_pk in kept for one in endings]


def _write_messages(endings: Sequence[_Ending]) -> set[int]:
    rows = [_row(one) for one in endings]
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [list(column) for column in zip(*rows, strict=True)])
        return {pk for (pk,) in cursor.fetchall()}


def _row(one: _Ending) -> tuple[Any, ...]:
    code, enhanced, text = answer_of(one.result.outcome)
    wait = one.aftermath.wait
    return (
        one.job.message_pk,
        one.job.attempt,
        one.aftermath.state.value,
        one.aftermath.reason[:500],
        code,
        enhanced,
        text,
        int(one.aftermath.charged),
        one.job.pace.shrink(wait).total_seconds() if wait else 0.0,
        one.result.ended_at,
    )


def answer_of(outcome: Outcome) -> tuple[int | None, str, str]:
    """Return (code, enhanced code, text) of the server's deciding answer; (None, "", words) where there was none."""
    match outcome:
        case Accepted() | Deferred() | Refused():
            reply = outcome.reply
            return reply.code, (reply.enhanced or "")[:12], reply.text[:_TEXT_LIMIT]
        case Unreachable() | InDoubt():
            return None, "", outcome.text[:_TEXT_LIMIT]
        case Withdrawn():
            return None, "", ""


def _write_attempts(live: Sequence[_Ending], *, late: Sequence[_Ending]) -> None:
    """Write down what was tried; of an attempt that lost its lease, too, unless an earlier try to record it did."""
    if late:
        written = set(Attempt.objects.filter(pk__in=[one.job.attempt for one in late]).values_list("pk", flat=True))
        live = [*live, *(one for one in late if one.job.attempt not in written)]
    copy_rows("outbox_attempt", _ATTEMPT_COLUMNS, map(_attempt_row, live))


def _attempt_row(one: _Ending) -> tuple[object, ...]:
    """Return an attempt's row, in the order of _ATTEMPT_COLUMNS."""
    outcome = one.result.outcome
    code, enhanced, text = answer_of(outcome)
    transcript = [{"side": line.side, "text": line.text, "at_ms": line.at_ms} for line in outcome.transcript]
    return (
        one.job.attempt, one.job.message_pk, one.job.attempt_number, type(outcome).__name__.lower()[:12],
        str(getattr(outcome, "phase", "")), code, enhanced, text, one.aftermath.category or "", Jsonb(transcript),
        one.result.started_at, one.result.ended_at,
    )  # fmt: skip


def _cancel_stopped(withdrawn: Sequence[_Ending]) -> set[int]:
    if not withdrawn:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL_STOPPED, [[one.job.message_pk for one in withdrawn]])
        return {pk for (pk,) in cursor.fetchall()}


def _entries(live: Sequence[_Ending], cancelled: set[int]) -> Iterable[Entry]:
    for one in live:
        if one.job.message_pk in cancelled:
            yield _entry(one, EventKind.CANCELLED)
            continue
        if isinstance(one.result.outcome, Withdrawn):
            continue  # nothing happened: it waits for its next claim
        if not isinstance(one.result.outcome, Unreachable):
            yield _entry(one, EventKind.ATTEMPTED)
        yield _entry(one, _KINDS[one.aftermath.state])
        if one.aftermath.state is MessageState.FAILED and one.aftermath.charged:
            yield _entry(one, EventKind.BOUNCED_HARD if one.aftermath.suppress else EventKind.BOUNCED_SOFT)


def _entry(one: _Ending, kind: EventKind, at: datetime | None = None) -> Entry:
    job = one.job
    code, enhanced, text = answer_of(one.result.outcome)
    data: dict[str, Any] = {"position": job.position}
    if one.aftermath.reason:
        data["words"] = one.aftermath.reason
    if code is not None:
        data |= {"code": code, "enhanced": enhanced, "text": text[:300]}
    if one.aftermath.category:
        data["category"] = one.aftermath.category.value
    return Entry(
        workspace_id=job.workspace_id,
        kind=kind,
        at=at or one.result.ended_at,
        campaign_id=job.campaign_id,
        contact_id=job.contact_id,
        enrollment_id=job.enrollment_id,
        mailbox_id=job.mailbox_id,
        message_id=job.message_pk,
        data=data,
    )


def _end_sequences(live: Sequence[_Ending]) -> None:
    ended = {one.job.enrollment_id: one for one in live if one.aftermath.stop}
    if not ended:
        return
    rows = Enrollment.objects.select_related("contact").filter(pk__in=ended).order_by("pk")
    for row in rows:
        one = ended[row.pk]
        stop(row, one.aftermath.stop or StopReason.REFUSED, detail=one.aftermath.reason)
        if one.aftermath.suppress:
            _suppress(row.contact, one)


def _suppress(contact: Contact, one: _Ending) -> None:
    workspace = Workspace.objects.get(pk=one.job.workspace_id)
    suppress(workspace, contact.email_key, SuppressionReason.NO_SUCH_ADDRESS, evidence=one.aftermath.reason)
    record([_entry(one, EventKind.SUPPRESSED)])


def _tell_mailboxes(live: Sequence[_Ending]) -> None:
    news = {one.job.mailbox_id: one for one in live if one.aftermath.mailbox is not MailboxNews.FINE}
    # What was called back may never have met the server: it proves no connection.
    fine = {one.job.mailbox_id for one in live if not isinstance(one.result.outcome, Withdrawn)} - set(news)
    note_connected(sorted(fine))
    for mailbox_id, one in sorted(news.items()):
        match one.aftermath.mailbox:
            case MailboxNews.SIGN_IN:
                refuse_sign_in(mailbox_id, one.aftermath.reason)
            case MailboxNews.BLOCK:
                shut_out(mailbox_id, one.aftermath.reason)
            case MailboxNews.BACKOFF:
                back_off(mailbox_id, one.aftermath.reason, pace=one.job.pace)
            case MailboxNews.FINE:
                pass
