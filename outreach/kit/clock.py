"""The one place that reads the wall clock, so that tests and rehearsals can move it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def instant(epoch_s: float) -> datetime:
    """Return the instant so many seconds after 1970, to the microsecond.

    For statements that return one with each row: `extract(epoch FROM ...)::float8` is read at a fraction of the cost.
    """
    return datetime.fromtimestamp(epoch_s, UTC)
