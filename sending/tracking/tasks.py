"""Celery's doors to tracking."""

from __future__ import annotations

import logging

from redis.exceptions import RedisError

from outreach.celery import app
from outreach.kit import clock
from sending.tracking.buffer import oldest
from sending.tracking.services import forget, judge_due
from sending.tracking.storing import flush

_MOST_ROUNDS = 20
_logger = logging.getLogger(__name__)


@app.task(name="tracking.flush")
def flush_task() -> None:
    """Write down the hits that are in Redis."""
    try:
        flush()
    except RedisError as error:
        _logger.warning("hits.redis_away", extra={"error": type(error).__name__})


@app.task(name="tracking.judge")
def judge_task() -> None:
    """Judge the hits whose burst is over, some rounds at most; the next run goes on."""
    try:
        waiting_since = oldest()
    except RedisError:
        waiting_since = None  # hits go straight to the database meanwhile
    for _ in range(_MOST_ROUNDS):
        if not judge_due(waiting_since=waiting_since):
            return


@app.task(name="tracking.forget")
def forget_task() -> None:
    """Forget networks and programs of hits of a month ago."""
    forget(now=clock.now())
