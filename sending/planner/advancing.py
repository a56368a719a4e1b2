"""Move enrollments on after their step was sent, a whole batch at once: this is done for each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.sequences.plans import CampaignPlan, plans
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.pacing import Pace
from sending.pacing.waits import opening_after, wait_over
from sending.planner.facts import zone_by
from sending.planner.states import EnrollmentState

# What deciding about the next step needs: reading whole rows costs more than the decision.
_READ = """
SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.mailbox_id, p.time_zone, p.country, p.region, w.time_scale
  FROM planner_enrollment e
  JOIN contacts_contact p ON p.id = e.contact_id
  JOIN accounts_workspace w ON w.id = e.workspace_id
 WHERE e.id = ANY(%s::bigint[])
"""
# The state is hidden from the planner: it takes one that passes quickly for rare, and would read all that are in it.
_ADVANCE = """
UPDATE planner_enrollment e
   SET state = v.state, next_position = v.position, last_sent_at = v.sent_at,
       ended_at = CASE WHEN v.state = 'finished' THEN now() END,
       due_at = CASE WHEN v.due_at < e.absent_until THEN e.absent_until ELSE v.due_at END,
       hold_code = CASE WHEN v.due_at < e.absent_until THEN 'absent' ELSE '' END,
       hold_detail = CASE WHEN v.due_at < e.absent_until THEN e.absent_words ELSE '' END,
       held_since = CASE WHEN v.due_at < e.absent_until THEN v.sent_at END,
       absent_until = NULL, absent_words = ''
  FROM unnest(%s::bigint[], %s::varchar[], %s::smallint[], %s::timestamptz[], %s::timestamptz[])
    AS v(id, state, position, due_at, sent_at)
 WHERE e.id = v.id AND e.state || '' = 'sending'
RETURNING e.id, e.hold_code, e.hold_detail, e.due_at
"""
_WRITTEN_TO = """
UPDATE planner_enrollment e SET last_sent_at = v.sent_at
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, sent_at) WHERE e.id = v.id
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A step that is done for an enrollment, and when it really left."""

    enrollment_id: int
    position: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class _Person:
    enrollment_id: int
    workspace_id: int
    campaign_id: int
    contact_id: int
    mailbox_id: int
    time_zone: str
    country: str
    region: str
    time_scale: int


_Move = tuple[int, str, int, datetime | None, datetime]


def advance(done: Sequence[Sent]) -> None:
    """Let the next step of each enrollment get its instant, or the sequence be finished.

    Those that were stopped meanwhile stay stopped. Runs inside the caller's transaction.
    """
    if not done:
        return
    ids = [one.enrollment_id for one in done]
    people = {row[0]: _Person(*row) for row in statements.run(_READ, [ids])}
    loaded = plans({person.campaign_id for person in people.values()})
    moves = [_next(one, people[one.enrollment_id], loaded) for one in done]
    rows = statements.run(_ADVANCE, [list(column) for column in zip(*moves, strict=True)])
    moved = {pk for pk, *_ in rows}
    stopped = [one for one in done if one.enrollment_id not in moved]  # meanwhile, and written to all the same
    if stopped:
        statements.run(_WRITTEN_TO, [[one.enrollment_id for one in stopped], [one.sent_at for one in stopped]])
    finished = [move for move in moves if move[0] in moved and move[1] == EnrollmentState.FINISHED]
    away = {pk: {"code": code, "words": words, "until": due.isoformat()} for pk, code, words, due in rows if code}
    record(
        [_entry(people[pk], EventKind.FINISHED, sent_at) for pk, _, _, _, sent_at in finished]
        + [_entry(people[pk], EventKind.HELD, sent_at, away[pk]) for pk, _, _, _, sent_at in moves if pk in away]
    )


def _next(one: Sent, person: _Person, loaded: Mapping[int, CampaignPlan]) -> _Move:
    plan = loaded[person.campaign_id]
    step = plan.step_from(one.position + 1)
    if step is None:
        return one.enrollment_id, EnrollmentState.FINISHED, one.position + 1, None, one.sent_at
    zone = zone_by(plan, person.time_zone, person.country, person.region)[1]
    due = wait_over(one.sent_at, step.wait, zone, Pace(person.time_scale), closed=plan.schedule.holidays)
    return (
        one.enrollment_id,
        EnrollmentState.ACTIVE,
        step.position,
        opening_after(due, plan.schedule, zone),
        one.sent_at,
    )


def _entry(person: _Person, kind: EventKind, at: datetime, data: Mapping[str, str] | None = None) -> Entry:
    return Entry(
        workspace_id=person.workspace_id,
        kind=kind,
        at=at,
        campaign_id=person.campaign_id,
        contact_id=person.contact_id,
        enrollment_id=person.enrollment_id,
        mailbox_id=person.mailbox_id,
        data=dict(data or {}),
    )
