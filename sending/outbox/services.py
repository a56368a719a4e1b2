"""Settle messages by evidence or by a person's decision."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q

from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.outbox.events import entry_about, position_of
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.progress.advancing import Sent, advance


def confirm_sent(message_pk: int, *, evidence: str) -> bool:
    """Move a message in doubt to sent, because something came back that names it. Inside the caller's transaction.

    What a person has put up to be sent again, and has not left since, is called off by it. False when there was no
    doubt. Absence of evidence never moves anything.
    """
    now = database_now()
    proved: dict[str, Any] = {"state": MessageState.SENT, "sent_at": F("dot_at"), "ended_at": now}
    proved["reason"] = f"Proved by: {evidence}"[:500]
    rows = OutboundMessage.objects.filter(pk=message_pk)
    if rows.filter(state=MessageState.ASSUMED_SENT).update(**proved):
        return True  # it was counted, and its sequence went on, when it was assumed
    waits_again = Q(again_at__isnull=False, state__in=[MessageState.DEFERRED, MessageState.CLAIMED])
    if not rows.filter(Q(state=MessageState.IN_DOUBT) | waits_again).update(**proved, retry_at=None, lease_until=None):
        return False
    row = OutboundMessage.objects.select_related("step").get(pk=message_pk)
    assert row.sent_at is not None  # set in the move
    words = f"It was in doubt; proved by: {evidence}"
    record([entry_about(row, EventKind.SENT, now, words=words, position=position_of(row))])
    if row.enrollment_id is not None:
        advance([Sent(row.enrollment_id, position_of(row), row.sent_at)])
    return True
