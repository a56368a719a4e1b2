"""A database that loses a commit, or the answer to one, while the courier who asked for it lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.guard import clause
from sending.guard.core import Kind
from sending.guard.models import Finding, Installation
from sending.guard.notes import Key
from sending.mailboxes.models import MailboxClock, Spending
from sending.outbox import courier
from sending.outbox.jobs import Job
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import hand_back
from sending.outbox.recovery import recall
from sending.outbox.scribe import Journal
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.outbox.witness import Witness
from sending.planner.services import pause
from sending.planner.states import EnrollmentState
from tests.sending.outbox.plain import Telling, claim_all, make_post
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.outbox.test_races import lapse

pytestmark = pytest.mark.django_db(transaction=True)


def losing(times: int, *, after: bool) -> Callable[[Sequence[Job]], list[bool]]:
    """Mark as usual, but lose the connection the first times: before the commit, or with the answer to it."""
    left = [None] * times

    def lossy(jobs: Sequence[Job]) -> list[bool]:
        if left and not after:
            left.pop()
            raise OperationalError("the connection is lost")
        granted = mark(jobs)
        if left:
            left.pop()
            raise OperationalError("the connection is lost")
        return granted

    return lossy


@pytest.mark.parametrize("after", [True, False], ids=["with the answer to its commit", "before its commit"])
def test_a_mark_whose_answer_is_lost_is_no_doubt_since_its_courier_knows_that_nothing_left(
    monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    monkeypatch.setattr(courier, "mark", losing(1, after=after))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob")
        deliver()
        assert {row.state for row in post.messages} == {MessageState.SENT}
        assert len(server.accepted) == 2
        assert sorted(row.attempt_number for row in post.messages) == [1, 2]


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process belong to the installation of the database, as one with a folder of journals does."""
    here = Installation.objects.create(installation=uuid4(), head=1)
    monkeypatch.setattr(clause, "key", lambda: Key(here.installation, 1))


def forget_the_marks(state: MessageState) -> None:
    """Put the rows back to what they were before their marks, as a server that took over too early has them."""
    Spending.objects.all().delete()
    waiting = {"retry_at": Now(), "lease_until": None} if state is MessageState.DEFERRED else {}
    OutboundMessage.objects.update(state=state, dot_at=None, **waiting)


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("state", [MessageState.CLAIMED, MessageState.DEFERRED])
def test_what_was_accepted_is_sent_although_the_database_has_lost_its_mark(state: MessageState) -> None:
    with serving_in_thread(Telling(then=lambda: forget_the_marks(state))) as server:
        post = make_post(server, "ada")
        deliver()
        (row,) = post.messages
        assert (row.state, row.attempts.get().outcome) == (MessageState.SENT, "accepted")
        assert post.enrollment_of("ada").state == EnrollmentState.FINISHED
        assert Spending.objects.count() == 1, "the mailbox did send it"
        assert Installation.objects.get().is_paused, "who knows what else it has lost"
        assert Finding.objects.get().kind == Kind.BEHIND
        Installation.objects.update(is_paused=False)
        lapse()
        sweep()
        make_due()
        deliver()
    assert len(server.accepted) == 1


@pytest.mark.usefixtures("installation")
def test_a_message_that_is_gone_while_its_person_is_there_pauses_the_sending_until_somebody_has_looked() -> None:
    def forget_the_claim() -> None:
        OutboundMessage.objects.all().delete()

    with serving_in_thread(Telling(then=forget_the_claim)) as server:
        make_post(server, "ada")
        deliver()
    assert Installation.objects.get().is_paused


@pytest.mark.usefixtures("installation")
def test_a_person_who_was_deleted_while_their_message_left_pauses_nothing() -> None:
    with serving_in_thread(Telling(then=lambda: Contact.objects.all().delete())) as server:
        make_post(server, "ada")
        deliver()
    assert (len(server.accepted), Installation.objects.get().is_paused) == (1, False)


def test_what_another_worker_has_claimed_meanwhile_does_not_leave_a_second_time() -> None:
    jobs = []

    def forget_and_claim() -> None:
        forget_the_marks(MessageState.DEFERRED)
        MailboxClock.objects.update(lease_owner=None, lease_until=None, look_at=Now(), free_at=Now())
        jobs.extend(claim_all())

    with serving_in_thread(Telling(then=forget_and_claim)) as server:
        post = make_post(server, "ada")
        deliver()
        assert len(jobs) == 1
        assert mark(jobs) == [False]
        assert [row.state for row in post.messages] == [MessageState.SENT]


@pytest.mark.parametrize("times", [0, 1], ids=["refused", "not answered"])
def test_a_mark_that_was_not_granted_is_no_doubt_when_all_journals_are_read(tmp_path: Path, times: int) -> None:
    """A worker that is asked to end hands it back, without a try that the database would know of."""
    journal = Journal(tmp_path, "")
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        (job,) = claim_all()
        pause(post.member, post.campaign)
        assert Witness(journal).mark([job], losing(times, after=False)) == [False]
        hand_back([job], "Its worker was asked to end.")
    assert recall(tmp_path) == {}
    assert [row.state for row in post.messages] == [MessageState.DEFERRED]
    journal.close()
