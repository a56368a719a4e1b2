"""Celery's doors to the inbox: ids in, a service called."""

from __future__ import annotations

from outreach.celery import app
from sending.inbox import reading
from sending.inbox.threads.answers import settle_answers
from sending.inbox.threads.services import wake_sleepers

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
    """Bring back the conversations whose snooze is over, and tell of answers that have ended."""
    wake_sleepers()
    settle_answers()
