"""Answers that lead on: from where somebody stands to the path that a person has set up for such an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.sequences.plans import CampaignPlan, PlannedBranch, PlannedStep, plans
from campaigns.sequences.states import CampaignState, ReplyClass
from outreach.kit import gate, statements
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.pacing import HoldCode, Pace
from sending.pacing.waits import opening_after
from sending.planner.claim.asking import suppressions
from sending.planner.claim.branching import due_behind, over, told, words_of
from sending.planner.claim.facts import zone_of
from sending.planner.entries import entry_of
from sending.planner.models import Enrollment
from sending.planner.progress.own_waits import let_wait
from sending.planner.services import stop, wake
from sending.planner.states import EnrollmentState, StopReason

_UNHELD: dict[str, Any] = {"hold_code": "", "hold_detail": "", "held_since": None}
_AT_REST = frozenset({EnrollmentState.ACTIVE, EnrollmentState.FINISHED})
_OPEN = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})
# Where something could still leave that was made before, it would leave behind the person's back.
_LEAD_ON = """
UPDATE planner_enrollment e
   SET state = 'active', stop_reason = '', stop_detail = '', ended_at = NULL, next_position = e.led_to, led_to = NULL,
       due_at = GREATEST(now(), e.led_until, e.absent_until),
       hold_code = CASE WHEN {away} THEN 'absent' ELSE '' END,
       hold_detail = CASE WHEN {away} THEN e.absent_words ELSE '' END,
       held_since = CASE WHEN {away} THEN now() END, absent_until = NULL, absent_words = ''
  FROM sequences_campaign c
 WHERE e.id = ANY(%s::bigint[]) AND e.state = 'stopped' AND e.stop_reason = 'replied' AND e.led_to IS NOT NULL
   AND c.id = e.campaign_id AND c.state IN ('running', 'paused')
RETURNING e.campaign_id, e.mailbox_id, e.id
""".replace("{away}", "e.absent_until > GREATEST(now(), e.led_until)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered, and when. by_itself: the mail says it, no person has. id: of the mail."""

    reply: ReplyClass
    at: datetime
    by_itself: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """How far somebody has come, in positions; 0 = nowhere.

    behind: of the last message that had left, or may have, when the answer came. left: of the last until now.
    made: of the last that was made for them, whatever became of it: no step is made for anybody a second time.
    """

    behind: int
    left: int
    made: int


@dataclass(frozen=True, slots=True)
class Led:
    """What came of an answer: whether it leads somewhere, and in words where to, or why not."""

    leads: bool
    words: str


def lead(enrollment: Enrollment, answer: Answer, reached: Callable[[], Reached]) -> Led:
    """Let an answer lead somebody on, if a person has set up a branch for such answers behind what they had.

    While a message is in the outbox's hands, or might be, it is only kept where to. Whatever has ended the sequence
    but an answer goes on to do so. reached is asked while the row is held: before, a claim could make the step that the
    answer would lead to. Runs inside the caller's transaction.
    """
    gate.hold_shut(enrollment.workspace_id)
    row = _held(enrollment)
    plan, stands = plans([row.campaign_id])[row.campaign_id], reached()
    branch = plan.answer_at(stands.behind + 1, answer.reply)
    step = plan.first_of(branch.path) if branch is not None and branch.path is not None else None
    if branch is None or step is None:
        return Led(leads=False, words="No branch is set up for such an answer behind what they had.")
    forbidden = _forbids(row, plan)
    if forbidden:
        return Led(leads=False, words=forbidden)
    if answer.by_itself and row.state == EnrollmentState.STOPPED:
        return Led(leads=False, words="They have answered: a person says what follows.")
    if row.led_until is not None and step.position in {row.led_to, row.next_position}:
        return Led(leads=True, words=words_of(plan, branch))  # it has led there already
    if step.position <= stands.made:
        return Led(leads=False, words="A message of another path was made for them already.")
    _send_on(row, plan, branch, step, answer)
    return Led(leads=True, words=words_of(plan, branch))


def leads_somewhere(enrollment: Enrollment, reply: ReplyClass, reached: Reached) -> bool:
    """Say whether a branch is set up for such an answer behind what somebody had when it came."""
    plan = plans([enrollment.campaign_id])[enrollment.campaign_id]
    return plan.answer_at(reached.behind + 1, reply) is not None


def answers_that_led(enrollment: Enrollment) -> set[int]:
    """Return the ids of the mails that have led somebody on."""
    rows = Event.objects.filter(
        contact_id=enrollment.contact_id, enrollment_id=enrollment.pk, kind=EventKind.BRANCHED, data__has_key="answer"
    )
    return {pk for pk in rows.values_list("data__answer", flat=True) if pk is not None}


def take_back_lead(enrollment: Enrollment, reached: Callable[[], Reached], *, words: str, stops: bool = True) -> bool:
    """Take somebody back from where an answer has led them, and leave them stopped by it.

    stops = False: a machine wrote it, and nobody has answered. They go on behind what they had, when they would have
    without it.

    False where it has led nowhere, or the first message there is under way: it cannot be called back.
    reached is asked while the row is held. Runs inside the caller's transaction.
    """
    gate.hold_shut(enrollment.workspace_id)
    row = _held(enrollment)
    if row.led_until is None or (row.state == EnrollmentState.SENDING and row.led_to is None):
        return False
    if row.state == EnrollmentState.SENDING:
        return bool(Enrollment.objects.filter(pk=row.pk).update(led_to=None, led_until=None))
    if row.state == EnrollmentState.ACTIVE and not stops:
        return _go_back(row, reached().left)
    if row.state == EnrollmentState.ACTIVE:
        Enrollment.objects.filter(pk=row.pk).update(next_position=reached().left + 1)
    return stop(row, StopReason.REPLIED, detail=words)


def _go_back(row: Enrollment, left: int) -> bool:
    """Let somebody go on behind the last message that they had, after the wait of then."""
    plan, position, now = plans([row.campaign_id])[row.campaign_id], left + 1, database_now()
    zone, since = zone_of(plan, row.contact)[1], row.last_sent_at or now
    due, step = due_behind(plan, position, since, zone, Pace(row.workspace.time_scale)), plan.step_from(position)
    values: dict[str, Any] = {"next_position": step.position if step else position, "led_until": None}
    if due is None:
        values |= {"state": EnrollmentState.FINISHED, "due_at": None, "ended_at": now} | _UNHELD
        record([entry_of(row, EventKind.FINISHED, now)])
    elif row.hold_code == HoldCode.ABSENT and row.due_at is not None:
        values |= {"due_at": max(row.due_at, due)}
    else:
        values |= {"due_at": opening_after(due, plan.schedule, zone)} | _UNHELD
    wake(row.campaign_id, mailbox_id=row.mailbox_id)
    return bool(Enrollment.objects.filter(pk=row.pk).update(**values))


def lead_on(ids: Sequence[int]) -> int:
    """Let those go on whom an answer leads on, and of whom nothing is in the outbox's hands: the caller has seen to it.

    Returns how many. Runs inside the caller's transaction.
    """
    led = statements.run(_LEAD_ON, [list(ids)])
    let_wait([pk for _, _, pk in led])
    for campaign_id, mailbox_id, _ in led:
        wake(campaign_id, mailbox_id=mailbox_id)
    return len(led)


def lead_nowhere(ids: Sequence[int]) -> None:
    """Forget where an answer would lead those for whom a message of that step, or a later one, was made already."""
    Enrollment.objects.filter(pk__in=ids).update(led_to=None, led_until=None)


def _held(enrollment: Enrollment) -> Enrollment:
    """Return the enrollment as it stands, held: the result of a step that is under way may be written down now."""
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("contact", "workspace").get(pk=enrollment.pk)


def _forbids(row: Enrollment, plan: CampaignPlan) -> str:
    """Return why no answer leads somebody on, "" where it may."""
    if row.state == EnrollmentState.SKIPPED or (
        row.state == EnrollmentState.STOPPED and row.stop_reason != StopReason.REPLIED
    ):
        return f"The sequence is over for another reason: {row.stop_reason.replace('_', ' ')}."
    if plan.state not in _OPEN:
        return "The campaign is closed."
    if row.contact.erased_at is not None:
        return "The person was erased."
    return suppressions({row.contact_id: row.contact}).get(row.contact_id, "")


def _send_on(row: Enrollment, plan: CampaignPlan, branch: PlannedBranch, step: PlannedStep, answer: Answer) -> None:
    now, zone = database_now(), zone_of(plan, row.contact)[1]
    since = max(answer.at, row.last_sent_at or answer.at)
    until = max(now, over(plan, step, since, zone, Pace(row.workspace.time_scale)))
    until = opening_after(until, plan.schedule, zone)
    where: dict[str, Any] = {"led_to": step.position, "led_until": until}
    if row.state in _AT_REST:
        where = {
            "state": EnrollmentState.ACTIVE,
            "next_position": step.position,
            "led_to": None,
            "led_until": until,
            "ended_at": None,
        }
        is_away = row.hold_code == HoldCode.ABSENT and answer.reply is ReplyClass.OUT_OF_OFFICE
        if not (is_away and row.due_at and row.due_at > until):
            where |= {"due_at": until} | _UNHELD
        wake(row.campaign_id, mailbox_id=row.mailbox_id)
    Enrollment.objects.filter(pk=row.pk).update(**where)
    about = told(plan, branch, position=step.position, until=until.isoformat(), answer=answer.id)
    record([entry_of(row, EventKind.BRANCHED, now, **about)])
