"""Celery's door to the ledger."""

from __future__ import annotations

from outreach.celery import app
from outreach.kit import clock
from sending.ledger.services import fold
from sending.ledger.stretches import forget

MOST_ROUNDS = 20


@app.task(name="ledger.fold")
def fold_task() -> None:
    """Fold the fresh parts of the tallies, some rounds at most; the next run goes on."""
    for _ in range(MOST_ROUNDS):
        if not fold():
            return


@app.task(name="ledger.forget")
def forget_task() -> None:
    """Forget what held mailboxes and campaigns months ago."""
    forget(now=clock.now())
