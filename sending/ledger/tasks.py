"""Celery's door to the ledger."""

from __future__ import annotations

from outreach.celery import app
from sending.ledger.services import fold

MOST_ROUNDS = 20


@app.task(name="ledger.fold")
def fold_task() -> None:
    """Fold the fresh parts of the tallies, some rounds at most; the next run goes on."""
    for _ in range(MOST_ROUNDS):
        if not fold():
            return
