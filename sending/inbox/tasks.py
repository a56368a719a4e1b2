"""Celery's doors to the inbox: ids in, a service called."""

from __future__ import annotations

from outreach.celery import app
from sending.inbox import reading
from sending.inbox.threads.answers import settle_answers
from sending.inbox.threads.services import wake_sleepers
from sending.inbox.unknowns.attempts import tell_new_attempts

MOST = 500


@app.task(name="inbox.tick")
def tick() -> None:
    """Hand out the mailboxes whose reading is due."""
    reading.hasten()
    for mailbox_id in reading.lease_due(most=MOST):
        read.delay(mailbox_id)


@app.task(name="inbox.read")
def read(mailbox_id: int) -> None:
    """Read one mailbox."""
    reading.read(mailbox_id)


@app.task(name="inbox.wake")
def wake() -> None:
    """Bring back conversations whose snooze is over, tell of answers that have ended, and what people's rules know."""
    wake_sleepers()
    settle_answers()
    tell_new_attempts()
