"""Wake a worker for work that stands in the database. Only a hint: a sweep finds the work when Redis is away."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from outreach.celery import app

logger = logging.getLogger(__name__)


def hint_at(task: str, pk: int, what: str) -> None:
    """Send a task that does the work of this id; what names it in the log, as in "bulk"."""
    try:
        app.send_task(task, args=[pk], retry=False)
    except OperationalError:
        logger.warning("%s.hint_lost", what, extra={f"{what}_id": pk})
