"""Move enrollments on after their step was sent, a whole batch at once: this is done for each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.sequences.plans import CampaignPlan, plans
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.pacing import Pace
from sending.pacing.waits import opening_after
from sending.planner.claim.branching import due_behind
from sending.planner.claim.facts import zone_by
from sending.planner.entries import entry_for
from sending.planner.progress.own_waits import let_wait
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
   SET state = CASE WHEN {led} THEN 'active' ELSE v.state END,
       next_position = CASE WHEN {led} THEN e.led_to ELSE v.position END, last_sent_at = v.sent_at,
       ended_at = CASE WHEN NOT {led} AND v.state = 'finished' THEN now() END,
       due_at = CASE WHEN {due} < e.absent_until THEN e.absent_until ELSE {due} END,
       hold_code = CASE WHEN {due} < e.absent_until THEN 'absent' ELSE '' END,
       hold_detail = CASE WHEN {due} < e.absent_until THEN e.absent_words ELSE '' END,
       held_since = CASE WHEN {due} < e.absent_until THEN v.sent_at END,
       led_until = CASE WHEN {led} THEN e.led_until END, led_to = NULL,
       absent_until = NULL, absent_words = ''
  FROM unnest(%s::bigint[], %s::varchar[], %s::smallint[], %s::timestamptz[], %s::timestamptz[])
    AS v(id, state, position, due_at, sent_at)
 WHERE e.id = v.id AND e.state || '' = 'sending'
RETURNING e.id, e.state, e.hold_code, e.hold_detail, e.due_at, e.led_until IS NOT NULL
""".replace("{due}", "CASE WHEN {led} THEN e.led_until ELSE v.due_at END").replace(
    "{led}",
    "COALESCE(e.led_to >= v.position, false)",  # an answer leads nobody back
)
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

    Where branches stand behind the step, the instant is that at which the way is chosen; an answer that came while the
    step was under way leads on now.

    Those that were stopped meanwhile stay stopped. Runs inside the caller's transaction.
    """
    if not done:
        return
    ids = [one.enrollment_id for one in done]
    people = {row[0]: _Person(*row) for row in statements.run(_READ, [ids])}
    loaded = plans({person.campaign_id for person in people.values()})
    moves = [_next(one, people[one.enrollment_id], loaded) for one in done]
    rows = statements.run(_ADVANCE, [list(column) for column in zip(*moves, strict=True)])
    moved = {pk: state for pk, state, *_ in rows}
    stopped = [one for one in done if one.enrollment_id not in moved]  # meanwhile, and written to all the same
    if stopped:
        statements.run(_WRITTEN_TO, [[one.enrollment_id for one in stopped], [one.sent_at for one in stopped]])
    finished = [move for move in moves if moved.get(move[0]) == EnrollmentState.FINISHED]
    later = let_wait([pk for pk, *_, is_led in rows if is_led])
    away = {
        pk: {"code": code, "words": words, "until": due.isoformat()}
        for pk, _, code, words, due, _ in rows
        if code and pk not in later
    }
    record(
        [entry_for(people[pk], EventKind.FINISHED, sent_at, {}) for pk, _, _, _, sent_at in finished]
        + [entry_for(people[pk], EventKind.HELD, sent_at, away[pk]) for pk, _, _, _, sent_at in moves if pk in away]
    )


def _next(one: Sent, person: _Person, loaded: Mapping[int, CampaignPlan]) -> _Move:
    plan = loaded[person.campaign_id]
    zone = zone_by(plan, person.time_zone, person.country, person.region)[1]
    position = one.position + 1
    due = due_behind(plan, position, one.sent_at, zone, Pace(person.time_scale))
    if due is None:
        return one.enrollment_id, EnrollmentState.FINISHED, position, None, one.sent_at
    step = plan.step_from(position)  # None where its path is at its end and branches are asked of them
    position = step.position if step else position
    return one.enrollment_id, EnrollmentState.ACTIVE, position, opening_after(due, plan.schedule, zone), one.sent_at
