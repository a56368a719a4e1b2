"""The real planner and outbox over virtual time, undisturbed: each look of a mailbox at its instant."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import TestCase

from sending.mailboxes.models import MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Letter, Result
from sending.outbox.marks import mark
from sending.outbox.records import record_results
from sending.pacing.scenario import Departure
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.smtp import Accepted, Reply
from tests.sending.planner.hours import set_time
from tests.sending.planner.life import planned_instants

_TAKEN = Accepted(Reply(250, "2.0.0", "OK"))
_LONG = timedelta(days=400)


def live(begin: datetime, end: datetime | None = None) -> list[Departure]:
    """Let ticks and workers do their work from `begin` on, each look at its instant, until all are done or `end`."""
    now, book = begin, []
    end = end or begin + _LONG
    waiting = Enrollment.objects.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING])
    for _ in range(5_000):
        set_time(now)
        MailboxClock.objects.update(synced_at=now)
        with TestCase.captureOnCommitCallbacks(execute=True):
            owner, due = leases.lease_due(most=100)
        for mailbox_id in sorted(due):
            while jobs := claim(owner, [mailbox_id]):
                assert mark(jobs) == [True] * len(jobs)
                record_results([Result(job, _TAKEN, now, now) for job in jobs])
                book += [_departure(job.letter, now) for job in jobs]
        leases.release(owner, due, patience_s=-1e9)
        ahead = [at for at in planned_instants() if at > now]
        now = min(ahead, default=end)
        if now > end or not waiting.exists():
            return book
    raise AssertionError("it never ends")


def _departure(letter: Letter, at: datetime) -> Departure:
    return Departure(at, letter.mailbox_id, letter.campaign_id or 0, letter.enrollment_id or 0, letter.position)
