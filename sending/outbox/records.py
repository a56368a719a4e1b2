"""Write down how attempts ended: message, enrollment, mailbox, events, in one transaction for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import providers_of
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.models import Workspace
from outreach.kit import clock, gate, statements
from outreach.kit.commits import after_commit
from outreach.kit.rows import copy_rows
from sending.bounces import Category
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import cool_down, side_of
from sending.mailboxes.health import note
from sending.mailboxes.services import back_off, note_connected, refuse_sign_in, rest, shut_out
from sending.mailboxes.spending import spend
from sending.outbox.cancels import cancel_stopped
from sending.outbox.core import Aftermath, MailboxNews, after
from sending.outbox.events import entry_about
from sending.outbox.jobs import Job, Letter, Result
from sending.outbox.lost import put_back
from sending.outbox.models import Attempt
from sending.outbox.services import confirm_sent
from sending.outbox.states import AttemptOutcome, MessageState
from sending.pacing.health import Cause
from sending.planner.models import Enrollment
from sending.planner.progress.advancing import Sent, advance
from sending.planner.progress.guards import watch
from sending.planner.services import hold_if_soft, stop
from sending.planner.states import StopReason
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Unreachable, Withdrawn

# Fenced: only the attempt that holds the message may write, and only from the states in which it can be in hand. A
# message that the sweeper has called in doubt still has its attempt: the answer that this attempt brings, however late,
# is proof, also when a person has put it up to be sent again. The instants are the database's: a worker's clock
# decides nothing.
_RECORD = """
UPDATE outbox_message m
   SET state = v.state, reason = v.reason, reply_code = v.code, reply_enhanced = v.enhanced, reply_text = v.words,
       refusals = m.refusals + v.charged, lease_until = NULL,
       retry_at = CASE WHEN v.state = 'deferred' THEN now() + make_interval(secs => v.wait_s) END,
       sent_at = CASE WHEN v.state = 'sent' THEN GREATEST(m.dot_at, now()) END,
       ended_at = CASE WHEN v.state IN ('sent', 'failed') THEN now() END
  FROM unnest(%s::bigint[], %s::uuid[], %s::varchar[], %s::varchar[], %s::smallint[], %s::varchar[], %s::text[],
              %s::smallint[], %s::float8[])
    AS v(id, attempt, state, reason, code, enhanced, words, charged, wait_s)
 WHERE m.id = v.id AND m.attempt = v.attempt
   AND (m.state = 'dot_pending' OR m.state = 'claimed' AND v.state IN ('deferred', 'failed')
        OR m.state = 'in_doubt' AND v.state <> 'in_doubt'
        OR m.state = 'deferred' AND m.again_at IS NOT NULL AND v.state = 'sent')
RETURNING m.id, extract(epoch FROM now())::float8
"""
# A message that is gone has no attempts; those that are here cannot go before the commit.
_STILL_HERE = "SELECT id FROM outbox_message WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE"

# What was claimed and not tried is as if it had not been claimed; its attempt does not count. The state is hidden from
# the planner (see marks).
_HAND_BACK = """
UPDATE outbox_message m
   SET state = 'deferred', retry_at = now(), reason = left(%s, 500), lease_until = NULL,
       attempt_number = m.attempt_number - 1
  FROM unnest(%s::bigint[], %s::uuid[]) AS v(id, attempt)
 WHERE m.id = v.id AND m.attempt = v.attempt AND m.state || '' = 'claimed'
"""
# Whoever took the mailbox over from a worker that had lost its lease may have found nothing due and put it to sleep.
_WAKE = """
UPDATE mailboxes_clock k SET look_at = m.retry_at
  FROM outbox_message m
 WHERE m.id = %s AND m.state = 'deferred' AND k.mailbox_id = m.mailbox_id
   AND k.lease_owner IS DISTINCT FROM %s AND k.look_at > m.retry_at
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
OUTCOMES: dict[type[Outcome], AttemptOutcome] = {
    Accepted: AttemptOutcome.ACCEPTED,
    Deferred: AttemptOutcome.DEFERRED,
    Refused: AttemptOutcome.REFUSED,
    Unreachable: AttemptOutcome.UNREACHABLE,
    InDoubt: AttemptOutcome.IN_DOUBT,
    Withdrawn: AttemptOutcome.WITHDRAWN,
}
_TEXT_LIMIT = 4000
# What a refusal says about the mailbox's reputation: distrust cuts its health, a policy only keeps it from growing.
REFUSALS = {
    Category.REPUTATION_BLOCK: Cause.BLOCK,
    Category.AUTH_FAILED: Cause.BLOCK,
    Category.POLICY_BLOCK: Cause.REFUSAL,
    Category.CONTENT_BLOCK: Cause.REFUSAL,
}
SOFT = (Category.MAILBOX_FULL, Category.TEMPORARY)  # not now: three on three days, and the address rests
# The recipient's provider distrusts the mailbox or its domain: more to it would only make that worse.
COOLING = frozenset({Category.REPUTATION_BLOCK, Category.AUTH_FAILED})


@dataclass(frozen=True, slots=True)
class _Ending:
    result: Result
    aftermath: Aftermath

    @property
    def job(self) -> Job:
        return self.result.job

    @property
    def letter(self) -> Letter:
        return self.result.job.letter

    @property
    def asked_in_vain(self) -> bool:
        """The server was asked for the recipient and refused before the mark, which is what usually spends.

        It counts like a message: a list of dead addresses must not be tried faster than a good one.
        """
        match self.result.outcome:
            case Refused(phase=Phase.RCPT | Phase.DATA, ours=False) | Deferred(phase=Phase.RCPT | Phase.DATA):
                return True
            case _:
                return False


def record_results(results: Sequence[Result]) -> list[bool]:
    """Record a batch; False for each whose attempt had lost its lease (somebody else has decided by then)."""
    endings = [_Ending(result, after(result.outcome, refusals=result.job.letter.refusals)) for result in results]
    with transaction.atomic():
        # Marks ask for stops and cooldowns: none is set while one is written down.
        shutting = [one for one in endings if one.aftermath.stop or one.aftermath.category in COOLING]
        for workspace_id in sorted({one.letter.workspace_id for one in shutting}):
            gate.hold_shut(workspace_id)
        kept, now = _write_messages(endings)
        marked_anew = _put_back([one for one in endings if one.letter.pk not in kept])
        kept |= _write_messages(marked_anew)[0] if marked_anew else set()
        live = [one for one in endings if one.letter.pk in kept]
        late = [one for one in endings if one.letter.pk not in kept]
        _write_attempts(live, late=late)
        for one in late:
            if isinstance(one.result.outcome, Accepted):  # what another try has in hand since then had arrived
                confirm_sent(one.letter.pk, evidence="the late answer to an earlier try")
        # Called back at the mark: where its sequence was stopped a message is over, else it waits for its next claim.
        withdrawn = [one.letter.pk for one in live if isinstance(one.result.outcome, Withdrawn)]
        cancelled = cancel_stopped(withdrawn, states=[MessageState.CLAIMED, MessageState.DEFERRED])
        record(list(_entries(live, cancelled, now)))
        sent = [one.letter for one in live if one.aftermath.state is MessageState.SENT]
        advance([Sent(one.enrollment_id, one.position, now) for one in sent if one.enrollment_id is not None])
        spend([one.job.spent_at(now) for one in live if one.asked_in_vain or one in marked_anew])
        _end_sequences(live, now)
        _tell_mailboxes(live)
        for one in live:
            if one.aftermath.state is MessageState.FAILED and one.aftermath.category in SOFT:
                hold_if_soft(Contact.objects.select_related("workspace").get(pk=one.letter.contact_id), SOFT)
        gone = [one.letter for one in live if one.aftermath.suppress]
        if gone:
            campaigns = {one.campaign_id for one in gone if one.campaign_id is not None}
            watch(campaign_ids=campaigns, mailbox_ids={one.mailbox_id for one in gone})
        # After the commit, and one at a time: marks lock several clocks in an order of their own.
        put_off = [one for one in live if one.aftermath.state is MessageState.DEFERRED]
        after_commit(_wake, put_off)
    return [one.letter.pk in kept for one in endings]


def _wake(deferred: Sequence[_Ending]) -> None:
    for one in deferred:
        with connection.cursor() as cursor:
            cursor.execute(_WAKE, [one.letter.pk, one.job.owner])


def hand_back(jobs: Sequence[Job], why: str) -> None:
    """Give claimed messages back untried; those whose lease was lost are not touched."""
    with connection.cursor() as cursor:
        cursor.execute(_HAND_BACK, [why, [job.letter.pk for job in jobs], [job.letter.attempt for job in jobs]])


def _write_messages(endings: Sequence[_Ending]) -> tuple[set[int], datetime]:
    """Return the messages that the attempts still held, and the database's instant."""
    rows = [_row(one) for one in endings]
    written = statements.run(_RECORD, [list(column) for column in zip(*rows, strict=True)])
    return {pk for pk, _ in written}, clock.instant(written[0][1]) if written else database_now()


def _put_back(late: Sequence[_Ending]) -> list[_Ending]:
    """Return those that had left and whose marks, which the database had lost, are set anew."""
    found = put_back([one.letter for one in late if isinstance(one.result.outcome, Accepted | InDoubt)])
    return [one for one in late if one.letter.pk in found]


def _row(one: _Ending) -> tuple[Any, ...]:
    code, enhanced, text = answer_of(one.result.outcome)
    wait = one.aftermath.wait
    return (
        one.letter.pk,
        one.letter.attempt,
        one.aftermath.state.value,
        one.aftermath.reason[:500],
        code,
        enhanced,
        text,
        int(one.aftermath.charged),
        one.job.pace.shrink(wait).total_seconds() if wait else 0.0,
    )


def answer_of(outcome: Outcome) -> tuple[int | None, str, str]:
    """Return (code, enhanced code, text) of the server's deciding answer; (None, "", words) where there was none."""
    match outcome:
        case Accepted() | Deferred() | Refused():
            reply = outcome.reply
            return reply.code, (reply.enhanced or "")[:12], reply.text[:_TEXT_LIMIT]
        case Unreachable() | InDoubt() | Withdrawn():
            return None, "", outcome.text[:_TEXT_LIMIT]


def _write_attempts(live: Sequence[_Ending], *, late: Sequence[_Ending]) -> None:
    """Write down what was tried; of an attempt that lost its lease, too, unless it was written down before."""
    if late:
        written = set(Attempt.objects.filter(pk__in=[one.letter.attempt for one in late]).values_list("pk", flat=True))
        here = {pk for (pk,) in statements.run(_STILL_HERE, [[one.letter.pk for one in late]])}
        live = [*live, *(one for one in late if one.letter.pk in here and one.letter.attempt not in written)]
    copy_rows("outbox_attempt", _ATTEMPT_COLUMNS, map(_attempt_row, live))


def _attempt_row(one: _Ending) -> tuple[object, ...]:
    """Return an attempt's row, in the order of _ATTEMPT_COLUMNS."""
    outcome = one.result.outcome
    code, enhanced, text = answer_of(outcome)
    transcript = [{"side": line.side, "text": line.text, "at_ms": line.at_ms} for line in outcome.transcript]
    return (
        one.letter.attempt, one.letter.pk, one.letter.attempt_number, OUTCOMES[type(outcome)].value,
        str(getattr(outcome, "phase", "")), code, enhanced, text, one.aftermath.category or "", Jsonb(transcript),
        one.result.started_at, one.result.ended_at,
    )  # fmt: skip


def _entries(live: Sequence[_Ending], cancelled: set[int], now: datetime) -> Iterable[Entry]:
    for one in live:
        if one.letter.pk in cancelled:
            yield _entry(one, EventKind.CANCELLED, now)
            continue
        if isinstance(one.result.outcome, Withdrawn):
            continue  # nothing happened: it waits for its next claim
        if not isinstance(one.result.outcome, Unreachable):
            yield _entry(one, EventKind.ATTEMPTED, now)
        yield _entry(one, _KINDS[one.aftermath.state], now)
        if one.aftermath.state is MessageState.FAILED and one.aftermath.charged and one.aftermath.category:
            yield _entry(one, EventKind.BOUNCED_HARD if one.aftermath.suppress else EventKind.BOUNCED_SOFT, now)


def _entry(one: _Ending, kind: EventKind, at: datetime) -> Entry:
    code, enhanced, text = answer_of(one.result.outcome)
    data: dict[str, Any] = {"position": one.letter.position}
    if one.aftermath.reason:
        data["words"] = one.aftermath.reason
    if code is not None:
        data |= {"code": code, "enhanced": enhanced, "text": text[:300]}
    if one.aftermath.category:
        data["category"] = one.aftermath.category.value
    return entry_about(one.letter, kind, at, **data)


def _end_sequences(live: Sequence[_Ending], now: datetime) -> None:
    for one in live:
        if one.letter.enrollment_id is None and one.aftermath.suppress:
            _suppress(one, now)
    ended = {pk: one for one in live if one.aftermath.stop and (pk := one.letter.enrollment_id) is not None}
    if not ended:
        return
    for row in Enrollment.objects.filter(pk__in=ended).order_by("pk"):
        one = ended[row.pk]
        stop(row, one.aftermath.stop or StopReason.REFUSED, detail=one.aftermath.reason)
        if one.aftermath.suppress:
            _suppress(one, now)


def _suppress(one: _Ending, now: datetime) -> None:
    """Suppress the address that was refused, which may not be the contact's any more."""
    workspace = Workspace.objects.get(pk=one.letter.workspace_id)
    suppress(workspace, one.job.recipient_key, SuppressionReason.NO_SUCH_ADDRESS, evidence=one.aftermath.reason)
    record([_entry(one, EventKind.SUPPRESSED, now)])


def _cool_down(distrusted: Sequence[_Ending]) -> None:
    """Let mailboxes leave those alone that distrust them, each in one order; a blocked one sends nothing anyway."""
    found = {
        (one.letter.mailbox_id, one.job.recipient_key.rpartition("@")[2]): one.aftermath.reason
        for one in distrusted
        if one.aftermath.mailbox is not MailboxNews.BLOCK
    }
    known = providers_of({domain for _, domain in found}) if found else {}
    sides = {(pk, side_of(domain, known=known.get(domain, ""))): words for (pk, domain), words in found.items()}
    for (mailbox_id, side), words in sorted(sides.items()):
        cool_down(mailbox_id, side, words)


def _tell_mailboxes(live: Sequence[_Ending]) -> None:
    news = {one.letter.mailbox_id: one for one in live if one.aftermath.mailbox is not MailboxNews.FINE}
    # What was called back may never have met the server: it proves no connection.
    fine = {one.letter.mailbox_id for one in live if not isinstance(one.result.outcome, Withdrawn)} - set(news)
    note_connected(sorted(fine))
    distrusted = {one.letter.mailbox_id: one for one in live if one.aftermath.category in REFUSALS}
    for mailbox_id, one in sorted(distrusted.items()):
        note(mailbox_id, REFUSALS[one.aftermath.category or Category.NONE], one.aftermath.reason)
    _cool_down([one for one in live if one.aftermath.category in COOLING])
    for mailbox_id, one in sorted(news.items()):
        match one.aftermath.mailbox:
            case MailboxNews.SIGN_IN:
                refuse_sign_in(mailbox_id, one.aftermath.reason)
            case MailboxNews.BLOCK:
                shut_out(mailbox_id, one.aftermath.reason, cause=Cause.BLOCK)
            case MailboxNews.QUOTA:
                rest(mailbox_id, one.aftermath.rest or timedelta(0), one.aftermath.reason, pace=one.job.pace)
            case MailboxNews.BACKOFF:
                back_off(mailbox_id, one.aftermath.reason, pace=one.job.pace)
            case MailboxNews.FINE:
                pass
