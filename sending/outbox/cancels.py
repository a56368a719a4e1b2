"""Messages whose sequence was called off before they left: one rule, whoever comes across them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models.functions import Now

from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

# Of what was to be sent again an earlier copy has left: it goes on to count as sent.
_CANCEL = """
UPDATE outbox_message m
   SET state = CASE WHEN m.again_at IS NULL THEN 'cancelled' ELSE 'assumed_sent' END,
       reason = left(COALESCE(NULLIF(%s, ''), 'Called off before it left: ' || replace(e.stop_reason, '_', ' ')), 500),
       lease_until = NULL, retry_at = NULL, ended_at = now()
  FROM planner_enrollment e
 WHERE m.id = ANY(%s) AND m.state = ANY(%s) AND e.id = m.enrollment_id AND e.state = 'stopped'
RETURNING m.id
"""


def cancel_stopped(ids: Sequence[int], *, states: Collection[MessageState], words: str = "") -> set[int]:
    """Cancel those of the messages that are in one of the states and whose sequence was stopped; return them.

    words: why, "" for the reason of the stop. Runs inside the caller's transaction, which tells of it.
    """
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, [words, list(ids), [state.value for state in states]])
        return {pk for (pk,) in cursor.fetchall()}


def cancel_answer(pk: int, *, words: str) -> bool:
    """Cancel an answer that waits; False where it has been claimed meanwhile. Inside the caller's transaction."""
    waiting = OutboundMessage.objects.filter(pk=pk, enrollment=None, state=MessageState.DEFERRED)
    gone = waiting.update(state=MessageState.CANCELLED, retry_at=None, reason=words[:500], ended_at=Now())
    return bool(gone)
