"""Whom an answer leads on, once nothing of theirs can leave any more that was made before."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max, Q

from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.progress.leading import Reached, lead_nowhere, lead_on

_IN_HAND = [MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED, MessageState.IN_DOUBT]
_LEFT = [MessageState.DOT_PENDING, MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT]
# They were stopped by their answer, so that no message is made for them meanwhile.
_READY = """
SELECT e.id FROM planner_enrollment e
 WHERE e.state = 'stopped' AND e.led_to IS NOT NULL {some}
   AND NOT EXISTS (SELECT 1 FROM outbox_message m WHERE m.enrollment_id = e.id AND m.state = ANY(%s))
 ORDER BY e.id LIMIT 1000
   FOR NO KEY UPDATE OF e SKIP LOCKED
"""
# Asked while they are held.
_MADE = """
SELECT e.id FROM planner_enrollment e
 WHERE e.id = ANY(%s)
   AND EXISTS (SELECT 1 FROM outbox_message m JOIN sequences_step s ON s.id = m.step_id
                WHERE m.enrollment_id = e.id AND s.position >= e.led_to)
"""


def reached_by(enrollment_id: int, *, at: datetime | None = None, answers: int | None = None) -> Reached:
    """Return how far somebody has come.

    at: when an answer came, answers: the id of the message that it answers, which had left then whatever clocks say.
    """
    left = Q(state__in=_LEFT)
    before = Q() if at is None else Q(dot_at__lte=at) | Q(dot_at__isnull=True, sent_at__lte=at) | Q(pk=answers)
    found = OutboundMessage.objects.filter(enrollment=enrollment_id).aggregate(
        behind=Max("step__position", filter=left & before),
        left=Max("step__position", filter=left),
        made=Max("step__position"),
    )
    return Reached(found["behind"] or 0, found["left"] or 0, found["made"] or 0)


def lead_on_at_rest(ids: Collection[int] | None = None) -> int:
    """Let those go on (None: everybody) of whom nothing is under way or in doubt; the others wait for the next sweep.

    Safe to run anywhere, any number of times at once. Returns how many.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        in_hand = [state.value for state in _IN_HAND]
        if ids is None:
            cursor.execute(_READY.format(some=""), [in_hand])
        else:
            cursor.execute(_READY.format(some="AND e.id = ANY(%s)"), [list(ids), in_hand])
        ready = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(_MADE, [ready])
        made = {pk for (pk,) in cursor.fetchall()}
        lead_nowhere(sorted(made))
        return lead_on([pk for pk in ready if pk not in made])
