"""Carry out what a journal's word changes: an answer is recorded, a lost mark or message is put back, as a doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.db import connection, transaction

from campaigns.sequences.models import Step, Variant
from outreach.kit.addresses import key_of
from sending.guard.services import remember
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.mailboxes.spending import Spent, spend
from sending.outbox.events import entry_about, position_of
from sending.outbox.jobs import Job, Result
from sending.outbox.journal import Dot, End, recipient_print
from sending.outbox.letters import stored_letter
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.services import confirm_sent
from sending.outbox.states import MessageState
from sending.outbox.verdicts import Change, Standing, change_for
from sending.pacing import Pace
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.smtp import Accepted, InDoubt

UNKNOWN = "unknown"  # counted: the database knows the person, the step or the mailbox no more, or not yet
_NOBODY = UUID(int=0)
_LOST = "An older copy of the database was put back: a courier's journal says that it had left."
_DOUBT = """
UPDATE outbox_message
   SET state = 'in_doubt', attempt = %s, attempt_number = GREATEST(attempt_number, %s), message_id = %s,
       dot_at = LEAST(now(), to_timestamp(%s)), lease_until = NULL, retry_at = NULL, reason = %s
 WHERE id = %s AND state IN ('claimed', 'deferred')
"""


@dataclass(frozen=True, slots=True)
class Case:
    """An attempt that a journal tells of, and what it seemed to change when it was compared with the database."""

    dot: Dot
    end: End | None
    change: Change


def compare(told: Sequence[tuple[Dot, End | None]]) -> list[Case]:
    """Return the attempts that change something in the database; two queries, however many."""
    ids = {dot.message_id for dot, _ in told}
    rows = {
        row.message_id: row
        for row in OutboundMessage.objects.filter(message_id__in=ids).defer("body_text", "body_html")
    }
    known = set(Attempt.objects.filter(pk__in=[dot.attempt for dot, _ in told]).values_list("pk", flat=True))
    cases = [Case(dot, end, _change(rows.get(dot.message_id), dot, end, known)) for dot, end in told]
    return [case for case in cases if case.change is not Change.NOTHING]


def settle(cases: Iterable[Case], *, is_older: bool = False) -> Counter[str]:
    """Carry out what the cases change, in the order of their marks. Returns counts by Change, and of UNKNOWN.

    is_older: the database is an older copy. What cannot be put back is remembered by the print of its recipient, so
    that whoever is imported anew is known again; an answer, so that its conversation gets it back (make_answer).
    """
    counts: Counter[str] = Counter()
    for case in sorted(cases, key=lambda one: one.dot.at):
        done = _settle(case)
        if done == UNKNOWN and is_older and _may_have_arrived(case.end):
            _remember(case)
        if done != Change.NOTHING:
            counts[done] += 1
    return counts


def _settle(case: Case) -> str:
    """Do one case, in a transaction of its own. What stands before it may have changed what it comes to."""
    dot, end = case.dot, case.end
    rows = OutboundMessage.objects.select_related("contact", "step", "workspace")
    row = rows.filter(message_id=dot.message_id).first()
    known = set(Attempt.objects.filter(pk=dot.attempt).values_list("pk", flat=True))
    change = _change(row, dot, end, known)
    match change:
        case Change.RECORD if row is not None and end is not None:
            return change if _record(row, dot, end) else Change.NOTHING
        case Change.PROVE if row is not None:
            with transaction.atomic():
                return change if confirm_sent(row.pk, evidence="a courier's journal") else Change.NOTHING
        case Change.DOUBT if row is not None:
            if not _doubt(row, dot):
                return Change.NOTHING
        case Change.MAKE:
            made = _make(dot)
            if made != Change.MAKE:
                return made
        case _:
            return Change.NOTHING
    again = rows.get(message_id=dot.message_id)
    if end is not None:
        _record(again, dot, end)
    return change


def _change(row: OutboundMessage | None, dot: Dot, end: End | None, known: set[UUID]) -> Change:
    outcome = end.outcome if end is not None else None
    if row is None:
        return change_for(None, outcome)
    standing = Standing(
        MessageState(row.state),
        is_same=row.attempt == dot.attempt,
        is_known=dot.attempt in known,
        is_again=row.again_at is not None,
    )
    return change_for(standing, outcome)


def _record(row: OutboundMessage, dot: Dot, end: End) -> bool:
    """Write down the end of an attempt as its worker would have done."""
    job = Job(
        letter=stored_letter(row),
        sender="",
        recipient=row.recipient,
        recipient_key=key_of(row.recipient),
        suppression_keys=(),
        content=b"",
        pace=Pace(row.workspace.time_scale),
        gap_s=0.0,
        owner=_NOBODY,
    )
    (kept,) = record_results([Result(job, end.outcome, _instant(dot.at), _instant(end.at))])
    return kept


def _doubt(row: OutboundMessage, dot: Dot) -> bool:
    """Call a message in doubt whose mark the database has lost."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_DOUBT, [dot.attempt, dot.number, dot.message_id, dot.at, _LOST, row.pk])
            if not cursor.rowcount:
                return False
        _tell(row, _instant(dot.at), dot.mailbox_id)
    return True


def _make(dot: Dot) -> str:
    """Put back a message that the database has lost, in doubt: MAKE.

    NOTHING when the person's step has a message that says as much already, UNKNOWN when there is nobody, or no step or
    mailbox, that it could be put back to.
    """
    with transaction.atomic():
        held = Enrollment.objects.select_for_update(of=("self",), no_key=True)
        person = held.select_related("contact", "workspace").filter(pk=dot.enrollment_id).first()
        if person is None or recipient_print(dot.message_id, person.contact.email_key) != dot.who:
            return UNKNOWN
        step = Step.objects.filter(pk=dot.step_id, campaign=person.campaign_id).first()
        mailbox = Mailbox.objects.filter(pk=dot.mailbox_id, workspace=person.workspace_id).first()
        if step is None or mailbox is None:
            return UNKNOWN
        other = OutboundMessage.objects.select_related("workspace", "step").filter(enrollment=person, step=step).first()
        if other is not None:  # claimed anew since the older copy was put back
            return Change.MAKE if _doubt(other, dot) else Change.NOTHING
        _prove_earlier(person, step.position)
        variants = Variant.objects.filter(step=step)
        variant = variants.filter(pk=dot.variant_id).first() or variants.first()
        if variant is None:
            return UNKNOWN
        at = _instant(dot.at)
        row = OutboundMessage.objects.create(
            workspace=person.workspace,
            campaign_id=person.campaign_id,
            enrollment=person,
            contact=person.contact,
            step=step,
            variant=variant,
            mailbox=mailbox,
            message_id=dot.message_id,
            recipient=person.contact.email,
            subject=dot.subject,
            state=MessageState.IN_DOUBT,
            attempt=dot.attempt,
            attempt_number=dot.number,
            not_after=at,
            dot_at=min(at, database_now()),
            reason=_LOST,
        )
        # Its sequence waits for what becomes of it, and goes on from the same sender.
        Enrollment.objects.filter(pk=person.pk, state=EnrollmentState.ACTIVE).update(
            state=EnrollmentState.SENDING,
            next_position=step.position,
            mailbox=mailbox,
            due_at=None,
            hold_code="",
            hold_detail="",
            held_since=None,
        )
        _tell(row, _instant(dot.at), dot.mailbox_id)
    return Change.MAKE


def make_answer(row: OutboundMessage, at: datetime, *, was_taken: bool, evidence: str) -> OutboundMessage:
    """Put back an answer that the database has lost, filled in as far as it is known. Inside the caller's transaction.

    at: when it left. was_taken: its server took it, as the evidence says; else it is in doubt. Nothing is sent for it.
    """
    now = database_now()
    row.state, row.attempt, row.reason = MessageState.IN_DOUBT, uuid4(), _LOST
    row.dot_at, row.not_after = min(at, now), at
    row.save(force_insert=True)
    _tell(row, at, row.mailbox_id)
    if was_taken:
        confirm_sent(row.pk, evidence=evidence)
    return row


def _remember(case: Case) -> None:
    dot = case.dot
    remember(
        dot.message_id,
        dot.person,
        _instant(dot.at),
        workspace_id=_workspace_of(dot.mailbox_id),
        mailbox_id=None if dot.enrollment_id else dot.mailbox_id,
        was_taken=case.end is not None and isinstance(case.end.outcome, Accepted),
    )


def _may_have_arrived(end: End | None) -> bool:
    return end is None or isinstance(end.outcome, Accepted | InDoubt)


def _workspace_of(mailbox_id: int) -> int | None:
    return Mailbox.objects.filter(pk=mailbox_id).values_list("workspace", flat=True).first()


def _prove_earlier(person: Enrollment, position: int) -> None:
    """A step leaves only after the one before it counts as sent."""
    earlier = OutboundMessage.objects.filter(
        enrollment=person, step__position__lt=position, state=MessageState.IN_DOUBT
    )
    for pk in earlier.order_by("step__position").values_list("pk", flat=True):
        confirm_sent(pk, evidence="the step after it had left")


def _tell(row: OutboundMessage, at: datetime, mailbox_id: int) -> None:
    """Tell of the doubt, and charge the mailbox and its throttles with what it has sent."""
    spent = Spent(
        mailbox_id=mailbox_id,
        at=min(at, database_now()),
        is_new_lead=position_of(row) == 1,
        gap_s=0.0,
        day_s=Pace(row.workspace.time_scale).day.total_seconds(),
        workspace_id=row.workspace_id,
        campaign_id=row.campaign_id,
        contact_id=row.contact_id,
        domain=key_of(row.recipient).rpartition("@")[2],
        climbs=row.campaign_id is not None,
    )
    spend([spent])
    record([entry_about(row, EventKind.IN_DOUBT, database_now(), words=_LOST, position=position_of(row))])


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
