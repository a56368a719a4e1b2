"""The states of a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RehearsalState(StrEnum):
    """Where a rehearsal stands."""

    QUEUED = "queued"  # it waits for a worker
    RUNNING = "running"  # a worker has it played
    DONE = "done"  # it came to its end, and its report is here
    CANCELLED = "cancelled"  # a person called it off; what had happened by then is kept
    FAILED = "failed"  # it could not be played; problem says why


UNFINISHED = (RehearsalState.QUEUED, RehearsalState.RUNNING)
REHEARSAL_MOVES: Mapping[RehearsalState, frozenset[RehearsalState]] = {
    RehearsalState.QUEUED: frozenset({RehearsalState.RUNNING, RehearsalState.CANCELLED, RehearsalState.FAILED}),
    # Back to QUEUED: its worker died, and it begins anew.
    RehearsalState.RUNNING: frozenset(
        {RehearsalState.QUEUED, RehearsalState.DONE, RehearsalState.CANCELLED, RehearsalState.FAILED}
    ),
    RehearsalState.DONE: frozenset(),
    RehearsalState.CANCELLED: frozenset(),
    RehearsalState.FAILED: frozenset(),
}


def sources(new: RehearsalState) -> list[RehearsalState]:
    """Return the states from which a rehearsal may move to `new`."""
    return [old for old, targets in REHEARSAL_MOVES.items() if new in targets]
