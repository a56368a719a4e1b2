"""Store what a claim decided: who is sending, held, dropped or done, and why each mailbox sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from outreach.kit import statements
from sending.ledger.kinds import EventKind, StretchScope
from sending.ledger.services import Entry, record
from sending.pacing import Drop, DropCode, Hold, HoldCode
from sending.planner.claim.candidates import Candidate
from sending.planner.claim.facts import Sender
from sending.planner.claim.lasting import keep_campaign_holds, keep_mailbox_holds
from sending.planner.entries import entry_for
from sending.planner.states import EnrollmentState, HoldScope, StopReason

# By its key, whatever the planner thinks of states (see advancing).
_SENDING = """
UPDATE planner_enrollment e
   SET state = 'sending', due_at = NULL, mailbox_id = v.mailbox_id, hold_code = '', hold_detail = '', held_since = NULL,
       begun_at = COALESCE(e.begun_at, %s)
  FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, mailbox_id)
 WHERE e.id = v.id AND e.state || '' = 'active'
"""
# held_since keeps the first instant of an unbroken hold; RETURNING names those whose reason is new.
_HELD = """
UPDATE planner_enrollment e
   SET due_at = v.until, hold_code = v.code, hold_detail = v.words,
       held_since = CASE WHEN e.hold_code = v.code THEN e.held_since ELSE %s END
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::varchar[], %s::varchar[]) AS v(id, until, code, words)
  JOIN planner_enrollment old ON old.id = v.id
 WHERE e.id = v.id AND e.state || '' = 'active'
RETURNING e.id, old.hold_code = v.code
"""
# Who has taken a branch, or waits for the own wait of a message that was found to be theirs (due_at is given then).
_MOVED = """
UPDATE planner_enrollment e
   SET next_position = v.position, due_at = COALESCE(v.due_at, e.due_at), led_until = NULL,
       hold_code = '', hold_detail = '', held_since = NULL
  FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[]) AS v(id, position, due_at)
 WHERE e.id = v.id AND e.state || '' = 'active'
"""
_ENDED = """
UPDATE planner_enrollment e
   SET state = v.state, stop_reason = v.reason, stop_detail = v.words, due_at = NULL, ended_at = %s,
       hold_code = '', hold_detail = '', held_since = NULL
  FROM unnest(%s::bigint[], %s::varchar[], %s::varchar[], %s::varchar[]) AS v(id, state, reason, words)
 WHERE e.id = v.id AND e.state || '' = 'active'
"""
_MAILBOX_HELD = """
UPDATE mailboxes_clock c
   SET hold_code = v.code, hold_words = v.words, hold_until = v.until
  FROM unnest(%s::bigint[], %s::varchar[], %s::varchar[], %s::timestamptz[]) AS v(id, code, words, until)
 WHERE c.mailbox_id = v.id
"""
_MAILBOX_OPEN = """
UPDATE mailboxes_clock c SET hold_code = '', hold_words = '', hold_until = NULL
  FROM mailboxes_clock old
 WHERE c.mailbox_id = ANY(%s::bigint[]) AND c.hold_code <> '' AND old.mailbox_id = c.mailbox_id
RETURNING c.mailbox_id, old.hold_code
"""
_FOLLOW_UPS_HELD = """
UPDATE mailboxes_clock c
   SET follow_up_hold_words = v.words, follow_up_hold_until = v.until
  FROM unnest(%s::bigint[], %s::varchar[], %s::timestamptz[]) AS v(id, words, until)
 WHERE c.mailbox_id = v.id
"""
_FOLLOW_UPS_OPEN = """
UPDATE mailboxes_clock SET follow_up_hold_words = '', follow_up_hold_until = NULL
 WHERE mailbox_id = ANY(%s) AND follow_up_hold_until IS NOT NULL
"""
_NEW_HELD = _FOLLOW_UPS_HELD.replace("follow_up_hold", "new_hold")
_NEW_OPEN = _FOLLOW_UPS_OPEN.replace("follow_up_hold", "new_hold")
# since keeps the first instant of an unbroken hold.
_CAMPAIGN_HELD = """
INSERT INTO planner_campaign_hold AS h (campaign_id, scope, code, words, since, until)
SELECT v.id, %s, v.code, v.words, %s, v.until
  FROM unnest(%s::bigint[], %s::varchar[], %s::varchar[], %s::timestamptz[]) AS v(id, code, words, until)
    ON CONFLICT (campaign_id, scope) DO UPDATE
   SET code = EXCLUDED.code, words = EXCLUDED.words, until = EXCLUDED.until,
       since = CASE WHEN h.code = EXCLUDED.code THEN h.since ELSE EXCLUDED.since END
 WHERE (h.code, h.words, h.until) IS DISTINCT FROM (EXCLUDED.code, EXCLUDED.words, EXCLUDED.until)
"""
_CAMPAIGN_OPEN = "DELETE FROM planner_campaign_hold WHERE campaign_id = ANY(%s) AND scope = %s"
_WORDS_LIMIT = 300
_REASONS = {
    DropCode.SUPPRESSED: StopReason.SUPPRESSED,
    DropCode.NO_MAIL: StopReason.NO_MAIL,
    DropCode.DISPOSABLE: StopReason.DISPOSABLE,
    DropCode.ROLE_ADDRESS: StopReason.ROLE_ADDRESS,
}
_ENDINGS = {
    EnrollmentState.SKIPPED: EventKind.SKIPPED,
    EnrollmentState.STOPPED: EventKind.STOPPED,
    EnrollmentState.FINISHED: EventKind.FINISHED,
}


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody whose next step is another than it was, or is due later. told: of the branch that was taken, if any."""

    one: Candidate
    position: int
    due_at: datetime | None = None  # None: as it was
    told: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Judged:
    """The decisions of one round."""

    now: datetime
    moved: list[Move] = field(default_factory=list)  # some of them send in this round, too
    sending: list[Candidate] = field(default_factory=list)
    held: list[tuple[Candidate, Hold]] = field(default_factory=list)
    dropped: list[tuple[Candidate, Drop]] = field(default_factory=list)
    finished: list[Candidate] = field(default_factory=list)
    ended: list[tuple[Candidate, Mapping[str, Any]]] = field(default_factory=list)  # by a branch that leads to the end

    def add(self, one: Candidate, verdict: Hold | Drop) -> None:
        """File the candidate under its verdict."""
        if isinstance(verdict, Hold):
            self.held.append((one, verdict))
        else:
            self.dropped.append((one, verdict))


def store(judged: Judged) -> None:
    """Write the decisions and their events, inside the caller's transaction."""
    entries = _store_moved(judged)
    _store_sending(judged)
    record(entries + _store_held(judged) + _store_ended(judged))


def store_mailbox_verdicts(
    holds: Mapping[int, Hold], open_ids: Sequence[int], senders: Mapping[int, Sender], *, now: datetime
) -> None:
    """Show on each mailbox why it sends nothing at the moment, or that nothing holds it; keep how long it did."""
    if holds:
        values = holds.values()
        codes = [hold.code.value for hold in values]
        words = [hold.words[:_WORDS_LIMIT] for hold in values]
        statements.run(_MAILBOX_HELD, [list(holds), codes, words, [hold.until for hold in values]])
    freed = dict(statements.run(_MAILBOX_OPEN, [list(open_ids)])) if open_ids else {}
    keep_mailbox_holds(holds, freed, senders, now=now)


def store_follow_up_verdicts(
    held: Mapping[int, Hold], open_ids: Sequence[int], senders: Mapping[int, Sender], *, now: datetime
) -> None:
    """Keep at each mailbox why all of its follow-ups wait, or that nothing holds them."""
    _store_part(_FOLLOW_UPS_HELD, held, _FOLLOW_UPS_OPEN, open_ids)
    freed = dict.fromkeys(open_ids, HoldCode.SYNC_STALE.value)
    keep_mailbox_holds(held, freed, senders, scope=StretchScope.FOLLOW_UPS, now=now)


def store_new_verdicts(
    held: Mapping[int, Hold], open_ids: Sequence[int], senders: Mapping[int, Sender], *, now: datetime
) -> None:
    """Keep at each mailbox why it begins nobody new, or that it may."""
    _store_part(_NEW_HELD, held, _NEW_OPEN, open_ids)
    freed = dict.fromkeys(open_ids, HoldCode.RESERVED.value)
    keep_mailbox_holds(held, freed, senders, scope=StretchScope.NEW_LEADS, now=now)


def _store_part(statement: str, held: Mapping[int, Hold], opening: str, open_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        if held:
            words = [hold.words[:_WORDS_LIMIT] for hold in held.values()]
            cursor.execute(statement, [list(held), words, [hold.until for hold in held.values()]])
        if open_ids:
            cursor.execute(opening, [list(open_ids)])


def store_campaign_verdicts(verdicts: Mapping[int, Hold | None], scope: HoldScope, *, now: datetime) -> None:
    """Keep at each campaign, which the caller has locked, why it holds everybody of the scope, or that it does not."""
    held = {pk: hold for pk, hold in verdicts.items() if hold}
    free = [pk for pk, hold in verdicts.items() if not hold]
    with connection.cursor() as cursor:
        if held:
            codes = [hold.code.value for hold in held.values()]
            words = [hold.words[:_WORDS_LIMIT] for hold in held.values()]
            until = [hold.until for hold in held.values()]
            cursor.execute(_CAMPAIGN_HELD, [scope.value, now, list(held), codes, words, until])
        if free:
            cursor.execute(_CAMPAIGN_OPEN, [free, scope.value])
    keep_campaign_holds(held, free, scope, now=now)


def _store_moved(judged: Judged) -> list[Entry]:
    if judged.moved:
        columns = [(move.one.enrollment_id, move.position, move.due_at) for move in judged.moved]
        statements.run(_MOVED, [list(column) for column in zip(*columns, strict=True)])
    taken = [(move.one, move.told) for move in judged.moved if move.told is not None] + judged.ended
    return [entry_for(one, EventKind.BRANCHED, judged.now, dict(told)) for one, told in taken]


def _store_sending(judged: Judged) -> None:
    if judged.sending:
        ids, mailboxes = (
            [one.enrollment_id for one in judged.sending],
            [one.mailbox_id for one in judged.sending],
        )
        statements.run(_SENDING, [judged.now, ids, mailboxes])


def _store_held(judged: Judged) -> list[Entry]:
    if not judged.held:
        return []
    holds = {one.enrollment_id: (one, hold) for one, hold in judged.held}
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD,
            [
                judged.now,
                list(holds),
                [hold.until for _, hold in holds.values()],
                [hold.code.value for _, hold in holds.values()],
                [hold.words[:_WORDS_LIMIT] for _, hold in holds.values()],
            ],
        )
        # The story tells a hold once, when its reason changes, not at each look.
        new = [pk for pk, same in cursor.fetchall() if not same]
    return [entry_for(holds[pk][0], EventKind.HELD, judged.now, _hold_data(holds[pk][1])) for pk in new]


def _store_ended(judged: Judged) -> list[Entry]:
    rows = [(one, *_ending(one, drop)) for one, drop in judged.dropped]
    done = [*judged.finished, *(one for one, _ in judged.ended)]
    rows += [(one, EnrollmentState.FINISHED, "", "") for one in done]
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _ENDED,
            [
                judged.now,
                [one.enrollment_id for one, *_ in rows],
                [state.value for _, state, _, _ in rows],
                [reason for _, _, reason, _ in rows],
                [words[:_WORDS_LIMIT] for *_, words in rows],
            ],
        )
    return [
        entry_for(one, _ENDINGS[state], judged.now, {"reason": reason, "words": words})
        for one, state, reason, words in rows
    ]


def _ending(one: Candidate, drop: Drop) -> tuple[EnrollmentState, str, str]:
    state = EnrollmentState.SKIPPED if one.is_new_lead else EnrollmentState.STOPPED
    return state, _REASONS[drop.code].value, drop.words


def _hold_data(hold: Hold) -> dict[str, str]:
    return {"code": hold.code.value, "words": hold.words, "until": hold.until.isoformat()}
