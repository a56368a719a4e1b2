"""Celery's door to the reports."""

from __future__ import annotations

from outreach.celery import app
from outreach.kit import clock
from sending.dmarc.services import forget

_MOST_ROUNDS = 20


@app.task(name="dmarc.forget")
def forget_task() -> None:
    """Forget the reports that are older than what is kept; the next run goes on."""
    for _ in range(_MOST_ROUNDS):
        if not forget(now=clock.now()):
            return
