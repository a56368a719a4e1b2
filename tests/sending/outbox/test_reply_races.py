"""A reply that commits before the mark always wins, however the two meet."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass

import pytest
from django.db import connection
from django.db.models.functions import Now

from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer
from sending.imap import RawMail
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.smtp import Withdrawn
from tests.builders import make_message
from tests.sending.outbox.plain import Post, make_post

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 30
NAMES = [f"p{number}" for number in range(TIMES)]


@dataclass
class Meeting:
    """One reply and one mark, each begun after a wait of its own, and when each was done."""

    mailbox: Mailbox
    job: Job
    raw: bytes
    stored_at: float = 0.0
    begun_at: float = 0.0
    marked: bool = False

    def reply(self, wait_s: float) -> None:
        try:
            time.sleep(wait_s)
            assert take_in(self.mailbox, RawMail(1, None, len(self.raw), self.raw, truncated=False))
            self.stored_at = time.monotonic()
        finally:
            connection.close()

    def leave(self, wait_s: float) -> None:
        try:
            time.sleep(wait_s)
            self.begun_at = time.monotonic()
            (self.marked,) = mark([self.job])
        finally:
            connection.close()


@pytest.fixture
def post() -> Post:
    """Give everybody the first message; the second is due."""
    server = FaultServer()  # nothing is connected to: it only has a port
    server.port = 1
    made = make_post(server, *NAMES, steps=2)
    for row in Enrollment.objects.filter(campaign=made.campaign).order_by("pk"):
        variant = made.campaign.steps.get(position=1).variants.get()
        make_message(row, variant, made.mailbox, at=clock.now())
        Enrollment.objects.filter(pk=row.pk).update(
            next_position=2, mailbox=made.mailbox, begun_at=Now(), last_sent_at=Now(), due_at=Now()
        )
    made.mailbox.clock.__class__.objects.update(synced_at=Now(), look_at=Now())
    return made


def test_a_reply_that_is_stored_before_the_mark_wins_in_thirty_random_meetings(post: Post) -> None:
    dice = random.Random(20261127)  # noqa: S311  # moments, no secrets
    first = dict(OutboundMessage.objects.values_list("contact_id", "message_id"))
    owner, mailboxes = leases.lease_due(most=1)
    jobs = [*claim(owner, mailboxes), *claim(owner, mailboxes)]  # a claim takes twenty at most
    assert len(jobs) == TIMES
    outcomes = set()
    for job in jobs:
        answers = first[job.letter.contact_id]
        text = (
            f"From: {job.recipient}\r\nMessage-ID: <{job.letter.pk}@x.test>\r\nIn-Reply-To: {answers}\r\n\r\nWho?\r\n"
        )
        meeting = Meeting(post.mailbox, job, text.encode())
        both = [
            threading.Thread(target=meeting.reply, args=(dice.random() * 0.01,)),
            threading.Thread(target=meeting.leave, args=(dice.random() * 0.02,)),
        ]
        for one in both:
            one.start()
        for one in both:
            one.join(20)
        assert meeting.stored_at, "the reply is stored in any case"
        assert not (meeting.marked and meeting.stored_at < meeting.begun_at), "the reply came first"
        if not meeting.marked:
            record_results([Result(job, Withdrawn(), clock.now(), clock.now())])
        row = OutboundMessage.objects.select_related("enrollment").get(pk=job.letter.pk)
        assert row.state == (MessageState.DOT_PENDING if meeting.marked else MessageState.CANCELLED)
        assert row.enrollment is not None
        assert (row.enrollment.state, row.enrollment.stop_reason) == ("stopped", "replied")
        outcomes.add(meeting.marked)
    assert outcomes == {True, False}, "both have come first"
