"""A courier's second witness: what leaves and how it ended is told to its process's journal, where there is one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from outreach.kit.away import is_away
from sending.guard.prints import person_print
from sending.outbox.jobs import Job, Result
from sending.outbox.journal import Dot, End, has_left, recipient_print
from sending.outbox.scribe import Journal

log = logging.getLogger(__name__)

_AWAY = "the database did not answer when it was to be marked"


class Witness:
    """Stands between the mark in the database and the body, and knows what did not leave although it may be marked."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._faults: dict[UUID, str] = {}

    @property
    def is_broken(self) -> bool:
        """Nothing can leave any more."""
        return self._journal is not None and bool(self._journal.fault)

    def mark(self, jobs: Sequence[Job], mark: Callable[[Sequence[Job]], list[bool]]) -> list[bool]:
        """Mark messages as leaving, in the database by `mark` and here; False for each that must not leave.

        Both are durable when this returns, and what leaves is written down after the database has granted it. What the
        journal cannot take, and what the database does not answer for, may stand as marked: its result withdraws it,
        and its mailbox stays charged for it. Raises whatever else the mark raises.
        """
        if self._journal is None:
            return self._granted(jobs, mark)
        asking = self._journal.ask([_dot_of(job) for job in jobs])
        granted = self._granted(jobs, mark)
        leaving, staying = (
            [job for job, is_granted in zip(jobs, granted, strict=True) if is_granted is wanted]
            for wanted in (True, False)
        )
        try:
            asking.result()
            if staying:
                self._journal.stay([job.letter.attempt for job in staying])
            if leaving:
                self._journal.go([job.letter.attempt for job in leaving])
        except OSError:
            self._stay(leaving, f"the courier's journal cannot be written ({self._journal.fault})")
            return [False] * len(jobs)
        return granted

    def fault_of(self, job: Job) -> str:
        """Say why a message that may have been marked did not leave, "" for any other."""
        return self._faults.get(job.letter.attempt, "")

    def _granted(self, jobs: Sequence[Job], mark: Callable[[Sequence[Job]], list[bool]]) -> list[bool]:
        try:
            return mark(jobs)
        except Exception as error:
            if not is_away(error):
                raise
            log.exception("outbox.mark_unanswered messages=%s", len(jobs))
            self._stay(jobs, _AWAY)
            return [False] * len(jobs)

    def _stay(self, jobs: Sequence[Job], why: str) -> None:
        self._faults |= {job.letter.attempt: why for job in jobs}

    def note(self, result: Result) -> None:
        """Take down how an attempt ended that had passed its mark."""
        if self._journal is not None and has_left(result.outcome):
            self._journal.end(End(result.job.letter.attempt, result.outcome, result.ended_at.timestamp()))

    def rest(self) -> None:
        """Make everything durable, when no message is under way."""
        if self._journal is not None:
            self._journal.rest()


def _dot_of(job: Job) -> Dot:
    letter = job.letter
    return Dot(
        letter.attempt, letter.attempt_number, letter.message_id, letter.subject, letter.enrollment_id or 0,
        letter.step_id or 0, letter.variant_id or 0, letter.mailbox_id,
        recipient_print(letter.message_id, job.recipient_key), person_print(job.recipient_key), time.time(),
    )  # fmt: skip
