"""A courier's second witness: what leaves and how it ended is told to its process's journal, where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from sending.guard.prints import person_print
from sending.outbox.jobs import Job, Result
from sending.outbox.journal import Dot, End, has_left, recipient_print
from sending.outbox.scribe import Journal


class Witness:
    """Stands between the mark in the database and the body; without a journal it lets everything pass."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._unwritten: set[UUID] = set()

    def mark(self, jobs: Sequence[Job], mark: Callable[[Sequence[Job]], list[bool]]) -> list[bool]:
        """Mark messages as leaving, in the database by `mark` and here; False for each that must not leave.

        Both are durable when this returns, and what leaves is written down after the database has granted it. What the
        journal cannot take stands as marked: its result withdraws it, and its mailbox stays charged for it.
        """
        if self._journal is None:
            return mark(jobs)
        asking = self._journal.ask([_dot_of(job) for job in jobs])
        granted = mark(jobs)
        leaving = [job.letter.attempt for job, is_granted in zip(jobs, granted, strict=True) if is_granted]
        try:
            asking.result()
            if leaving:
                self._journal.go(leaving)
        except OSError:
            self._unwritten |= set(leaving)
            return [False] * len(jobs)
        return granted

    def fault_of(self, job: Job) -> str:
        """Say why a message that was marked did not leave, "" for any other."""
        if self._journal is None or job.letter.attempt not in self._unwritten:
            return ""
        return f"the courier's journal cannot be written ({self._journal.fault})"

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
        letter.attempt, letter.attempt_number, letter.message_id, letter.subject, letter.enrollment_id, letter.step_id,
        letter.variant_id, letter.mailbox_id, recipient_print(letter.message_id, job.recipient_key),
        person_print(job.recipient_key), time.time(),
    )  # fmt: skip
