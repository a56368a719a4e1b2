"""Settle what a dead worker left behind, and what has been in doubt for a day."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from outreach.env import env
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.services import look_by
from sending.outbox.cancels import cancel_stopped
from sending.outbox.leading import lead_on_at_rest
from sending.outbox.recovery import ask_journals
from sending.outbox.states import MessageState
from sending.planner.progress.advancing import Sent, advance

# Before the mark nothing can have left: it is simply tried again, uncharged.
_FREE_UNMARKED = """
WITH lapsed AS (
    SELECT id, lease_until FROM outbox_message WHERE state = 'claimed' AND lease_until < now()
     ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED
), freed AS (
    UPDATE outbox_message m
       SET state = 'deferred', retry_at = now(), lease_until = NULL,
           reason = 'The worker that held it ended before anything was sent.'
      FROM lapsed WHERE m.id = lapsed.id
    RETURNING m.id, m.attempt, m.attempt_number, m.mailbox_id, lapsed.lease_until
), told AS (
    INSERT INTO outbox_attempt (id, message_id, number, outcome, phase, reply_enhanced, reply_text, category,
                                transcript, started_at, ended_at)
    SELECT attempt, id, attempt_number, 'lost', '', '', 'Its worker ended before anything was sent.', '', '[]',
           lease_until, now()
      FROM freed
    ON CONFLICT (id) DO NOTHING
)
SELECT mailbox_id FROM freed
"""
# After the mark it may have been accepted (of such messages nearly all were): never sent again by itself.
_DOUBT_MARKED = """
UPDATE outbox_message m
   SET state = 'in_doubt', lease_until = NULL, reason = 'The worker ended between sending and the server''s answer.'
 WHERE id = ANY(ARRAY(SELECT id FROM outbox_message WHERE state = 'dot_pending' AND lease_until < now()
                       ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING m.id, m.workspace_id, m.campaign_id, m.contact_id, m.enrollment_id, m.mailbox_id
"""
_ASSUME = """
UPDATE outbox_message m
   SET state = 'assumed_sent', ended_at = now(),
       reason = left('In doubt for a day, without evidence against it. ' || m.reason, 500)
  FROM accounts_workspace w
 WHERE w.id = m.workspace_id AND m.id = ANY(ARRAY(
    SELECT d.id FROM outbox_message d JOIN accounts_workspace w ON w.id = d.workspace_id
     WHERE d.state = 'in_doubt' AND d.dot_at < now() - interval '24 hours' / w.time_scale
     ORDER BY d.id LIMIT 1000 FOR UPDATE OF d SKIP LOCKED))
RETURNING m.id, m.workspace_id, m.campaign_id, m.contact_id, m.enrollment_id, m.mailbox_id,
          (SELECT s.position FROM sequences_step s WHERE s.id = m.step_id), m.dot_at
"""
_STOPPED = """
SELECT d.id, d.workspace_id, d.campaign_id, d.contact_id, d.enrollment_id, d.mailbox_id
  FROM outbox_message d
  JOIN planner_enrollment x ON x.id = d.enrollment_id AND x.state = 'stopped'
 WHERE d.state = 'deferred'
 LIMIT 1000
   FOR UPDATE OF d SKIP LOCKED
"""


def sweep() -> dict[str, int]:
    """Settle everything whose time is over; safe to run anywhere, any number of times at once. Returns counts.

    Journals come first: what they know needs no doubt.
    """
    folder = env().journal_dir
    told = ask_journals(folder) if folder else 0
    freed = [mailbox_id for (mailbox_id,) in _run(_FREE_UNMARKED)]
    for mailbox_id in sorted(set(freed)):
        look_by(mailbox_id)  # whoever took it over from the dead worker may have found nothing due and put it to sleep
    counts = {"freed": len(freed), "told_by_journals": told}
    with transaction.atomic():
        doubted = _run(_DOUBT_MARKED)
        _tell(doubted, EventKind.IN_DOUBT)
    with transaction.atomic():
        assumed = _run(_ASSUME)
        _tell(assumed, EventKind.ASSUMED_SENT)
        if assumed:
            advance([Sent(row[4], row[6], row[7]) for row in assumed if row[4] is not None])
    return counts | {"in_doubt": len(doubted), "assumed_sent": len(assumed)} | settle_stopped()


def settle_stopped() -> dict[str, int]:
    """Take back what waits to be tried again for people who are stopped, and let those go on whom an answer leads on.

    Safe to run anywhere, any number of times at once. Returns counts.
    """
    with transaction.atomic():
        stopped = _run(_STOPPED)
        gone = cancel_stopped([row[0] for row in stopped], states=[MessageState.DEFERRED])
        cancelled = [row for row in stopped if row[0] in gone]
        _tell(cancelled, EventKind.CANCELLED)
    return {"cancelled": len(cancelled), "led_on": lead_on_at_rest()}


def _run(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _tell(rows: list[tuple[Any, ...]], kind: EventKind) -> None:
    now = database_now()
    record(
        [
            Entry(
                workspace_id=row[1],
                kind=kind,
                at=now,
                campaign_id=row[2],
                contact_id=row[3],
                enrollment_id=row[4],
                mailbox_id=row[5],
                message_id=row[0],
            )
            for row in rows
        ]
    )
