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
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.pacing import Pace
from sending.pacing.waits import opening_after
from sending.planner.asking import suppressions
from sending.planner.branching import over, told, words_of
from sending.planner.facts import zone_of
from sending.planner.models import Enrollment
from sending.planner.services import stop, wake
from sending.planner.states import EnrollmentState, StopReason

_AT_REST = frozenset({EnrollmentState.ACTIVE, EnrollmentState.FINISHED})
_OPEN = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})
# Where something could still leave that was made before, it would leave behind the person's back.
_LEAD_ON = """
UPDATE planner_enrollment e
   SET state = 'active', stop_reason = '', stop_detail = '', ended_at = NULL, next_position = e.led_to, led_to = NULL,
       due_at = GREATEST(now(), e.led_until)
 WHERE e.id = ANY(%s::bigint[]) AND e.state = 'stopped' AND e.stop_reason = 'replied' AND e.led_to IS NOT NULL
RETURNING e.campaign_id, e.mailbox_id
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered, and when."""

    reply: ReplyClass
    at: datetime


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
    if row.led_until is not None and step.position in {row.led_to, row.next_position}:
        return Led(leads=True, words=words_of(plan, branch))  # it has led there already
    if step.position <= stands.made:
        return Led(leads=False, words="A message of another path was made for them already.")
    _send_on(row, plan, branch, step, answer)
    return Led(leads=True, words=words_of(plan, branch))


def take_back_lead(enrollment: Enrollment, reached: Callable[[], Reached], *, words: str) -> bool:
    """Take somebody back from where an answer has led them, and leave them stopped by it.

    False where it has led nowhere, or the first message there is under way: it cannot be called back.
    reached is asked while the row is held. Runs inside the caller's transaction.
    """
    gate.hold_shut(enrollment.workspace_id)
    row = _held(enrollment)
    if row.led_until is None or (row.state == EnrollmentState.SENDING and row.led_to is None):
        return False
    if row.state == EnrollmentState.SENDING:
        return bool(Enrollment.objects.filter(pk=row.pk).update(led_to=None, led_until=None))
    if row.state == EnrollmentState.ACTIVE:
        Enrollment.objects.filter(pk=row.pk).update(next_position=reached().left + 1)
    return stop(row, StopReason.REPLIED, detail=words)


def lead_on(ids: Sequence[int]) -> int:
    """Let those go on whom an answer leads on, and of whom nothing is in the outbox's hands: the caller has seen to it.

    Returns how many. Runs inside the caller's transaction.
    """
    led = statements.run(_LEAD_ON, [list(ids)])
    for campaign_id, mailbox_id in led:
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
    until = max(now, over(plan, step, answer.at, zone, Pace(row.workspace.time_scale)))
    until = opening_after(until, plan.schedule, zone)
    where: dict[str, Any] = {"led_to": step.position, "led_until": until}
    if row.state in _AT_REST:
        where = {
            "state": EnrollmentState.ACTIVE,
            "next_position": step.position,
            "due_at": until,
            "led_to": None,
            "led_until": until,
            "ended_at": None,
            "hold_code": "",
            "hold_detail": "",
            "held_since": None,
        }
        wake(row.campaign_id, mailbox_id=row.mailbox_id)
    Enrollment.objects.filter(pk=row.pk).update(**where)
    data = told(plan, branch, position=step.position, until=until.isoformat())
    record(
        [
            Entry(
                workspace_id=row.workspace_id,
                kind=EventKind.BRANCHED,
                at=now,
                campaign_id=row.campaign_id,
                contact_id=row.contact_id,
                enrollment_id=row.pk,
                mailbox_id=row.mailbox_id,
                data=data,
            )
        ]
    )
