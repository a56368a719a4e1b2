"""What stops a message meets its mark, at random moments: a reply, a pause, and every way to be written to no more."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from django.db import connections
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import is_suppressed
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark, why_called_back
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.services import pause_company, resume_company
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Withdrawn
from tests.builders import make_message
from tests.sending.outbox.plain import Post, make_post
from tests.sending.outbox.wishes import WAYS, Stage, Way, make_stage, replies

REPLY = Way(replies, StopReason.REPLIED, bars=False)
PAUSE = "pause of the company"
OTHERS = ("reply", PAUSE)  # what stops a message and bars nobody
KINDS = (*WAYS, *OTHERS)
_FIRST_S = 0.02  # what a stop takes, until one of its kind has been seen
_SEEN = 9


class Outcome(StrEnum):
    """Which of the two came first."""

    STOPPED = "first"  # nothing leaves
    TOO_LATE = "too late"  # the message was marked before the stop was acknowledged
    VIOLATION = "violation"  # it was marked afterwards


Met = Counter[tuple[str, Outcome]]


def make_waiting(count: int) -> Post:
    """Give so many people, each of a company of their own, the first message; the second is due."""
    server = FaultServer(port=1)  # nothing is connected to
    made = make_post(server, *(f"p{number}" for number in range(count)), steps=2)
    for one in made.people:
        name = one.email.partition("@")[0]
        address, domain = f"{name}@{name}.test", f"{name}.test"
        Contact.objects.filter(pk=one.pk).update(email=address, email_key=address, domain=domain)
    variant = made.campaign.steps.get(position=1).variants.get()
    for row in Enrollment.objects.filter(campaign=made.campaign).select_related("contact").order_by("pk"):
        make_message(row, variant, made.mailbox, at=clock.now())
        Enrollment.objects.filter(pk=row.pk).update(
            next_position=2, mailbox=made.mailbox, begun_at=Now(), last_sent_at=Now(), due_at=Now()
        )
    MailboxClock.objects.update(synced_at=Now(), look_at=Now())
    return made


def meetings(kinds: Sequence[str], *, seed: int) -> Met:
    """Let a mark meet each of these, one after another in an order of chance; returns how often it ended in which way.

    Raises AssertionError where what is stored afterwards does not fit, or somebody is claimed again who is not to be.
    """
    dice = random.Random(seed)  # noqa: S311  # moments, no secrets
    stage, met, took = make_stage(make_waiting(len(kinds))), Met(), _Took(dice)
    stopped: set[int] = set()
    for kind, job in zip(dice.sample(kinds, len(kinds)), _jobs(len(kinds)), strict=True):
        assert job.letter.contact_id not in stopped, "claimed again"
        if kind == PAUSE:
            outcome = _meet_pause(stage.post, job, took)
        else:
            outcome = _meet_wish(WAYS.get(kind, REPLY), stage, job, took.of(kind))
            stopped.add(job.letter.contact_id)
        met[kind, outcome] += 1
    while jobs := _claimed():
        assert stopped.isdisjoint(job.letter.contact_id for job in jobs), "claimed again"
    waiting = OutboundMessage.objects.filter(contact__in=stopped, state=MessageState.DEFERRED)
    assert not waiting.exists(), "the next claim has found what forbids them"
    return met


def table(met: Met) -> str:
    """Return how often each kind came first, too late, and was passed over."""
    lines = [f"  {'':<24} {'first':>6} {'too late':>9} {'violations':>11}"]
    for kind in (one for one in KINDS if any(name == one for name, _ in met)):
        first, late, wrong = (met[kind, outcome] for outcome in Outcome)
        lines.append(f"  {kind:<24} {first:>6} {late:>9} {wrong:>11}")
    return "\n".join(lines)


def _jobs(count: int) -> Iterator[Job]:
    """Yield jobs, claimed a few at a time; what was called back comes again."""
    given = 0
    while given < count:
        jobs = _claimed()
        assert jobs, "nobody is left"
        for job in jobs[: count - given]:
            given += 1
            yield job
        for job in jobs[count - given + len(jobs) :]:
            record_results([Result(job, Withdrawn(), clock.now(), clock.now())])


def _claimed() -> list[Job]:
    MailboxClock.objects.update(synced_at=Now(), look_at=Now(), lease_until=None, lease_owner=None)
    return claim(*leases.lease_due(most=1))


def _meet_wish(way: Way, stage: Stage, job: Job, took: _Seconds) -> Outcome:
    outcome = _meet(lambda: way.says(stage, job), job, took)
    stage.accept_reports()
    row = OutboundMessage.objects.select_related("enrollment").get(pk=job.letter.pk)
    assert row.enrollment is not None
    stands = (row.enrollment.state, row.enrollment.stop_reason)
    if outcome is not Outcome.STOPPED:
        assert row.state == MessageState.DOT_PENDING
        expected = (EnrollmentState.STOPPED, way.stops) if way.stops else (EnrollmentState.SENDING, "")
    elif way.stops:
        assert row.state == MessageState.CANCELLED
        expected = (EnrollmentState.STOPPED, way.stops)
    else:
        assert row.state == MessageState.DEFERRED, "the next claim ends it"
        expected = (EnrollmentState.SENDING, "")
    assert stands == expected, (way, outcome, stands)
    assert is_suppressed(job.letter.workspace_id, job.recipient_key) == way.bars
    told = Event.objects.filter(kind=EventKind.OPTED_OUT, contact_id=job.letter.contact_id)
    assert list(told.values_list("data__how", flat=True)) == ([way.how] if way.how else []), "counted as what it is"
    return outcome


def _meet_pause(post: Post, job: Job, took: _Took) -> Outcome:
    contact = Contact.objects.get(pk=job.letter.contact_id)
    outcome = _meet(lambda: [pause_company(post.member, contact)], job, took.of(PAUSE))
    row = OutboundMessage.objects.get(pk=job.letter.pk)
    assert row.state == (MessageState.DEFERRED if outcome is Outcome.STOPPED else MessageState.DOT_PENDING)
    if outcome is Outcome.STOPPED:
        assert row.reason == "Called back before it left: the company or the address is paused."
    assert resume_company(post.member, contact.domain)
    return outcome


class _Seconds:
    """How long the last stops of a kind took."""

    def __init__(self, dice: random.Random) -> None:
        self._dice, self._last = dice, [_FIRST_S]

    def note(self, seconds: float) -> None:
        self._last = [*self._last[-_SEEN + 1 :], seconds]

    def moment(self, most: float) -> float:
        """Return a moment of chance, at most so many times what such a stop takes from now."""
        return self._dice.random() * most * median(self._last)


class _Took:
    def __init__(self, dice: random.Random) -> None:
        self._known = defaultdict[str, _Seconds](lambda: _Seconds(dice))

    def of(self, kind: str) -> _Seconds:
        return self._known[kind]


@dataclass
class _Moment:
    """What one of two threads has done, and when it began and was over."""

    of: Callable[[], object]
    wait_s: float
    begun_at: float = 0.0  # by the machine's clock, which is the database's, too
    done_at: float = 0.0
    result: object = None

    def run(self) -> None:
        try:
            time.sleep(self.wait_s)  # the moment is what is tried, nothing is waited for
            self.begun_at = time.time()
            self.result = self.of()
            self.done_at = time.time()
        finally:
            connections.close_all()


def _meet(stops: Callable[[], object], job: Job, took: _Seconds) -> Outcome:
    """Let both happen at random moments, the mark somewhere before, in or behind the stop."""
    stopping, marking = _Moment(stops, took.moment(1)), _Moment(lambda: mark([job]), took.moment(2))
    threads = [threading.Thread(target=one.run) for one in (stopping, marking)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert stopping.result, "it is stored in any case"
    assert marking.done_at, "the mark has been answered"
    took.note(stopping.done_at - stopping.begun_at)
    if marking.result == [False]:
        record_results([Result(job, Withdrawn(text=why_called_back(job)), clock.now(), clock.now())])
        return Outcome.STOPPED
    dot_at = OutboundMessage.objects.values_list("dot_at", flat=True).get(pk=job.letter.pk)
    assert dot_at is not None
    return Outcome.TOO_LATE if dot_at.timestamp() <= stopping.done_at else Outcome.VIOLATION
