"""The one place that reads the wall clock, so that tests and rehearsals can move it."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime

# The instant at which a rehearsal stands, in the thread that plays it.
_moved: ContextVar[datetime | None] = ContextVar("moved", default=None)


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return _moved.get() or datetime.now(UTC)


def move(at: datetime | None) -> None:
    """Let this thread's clock stand at an instant until it is moved again; None lets it run."""
    _moved.set(at)


def instant(epoch_s: float) -> datetime:
    """Return the instant so many seconds after 1970, to the microsecond.

    For statements that return one with each row: `extract(epoch FROM ...)::float8` is read at a fraction of the cost.
    """
    return datetime.fromtimestamp(epoch_s, UTC)
