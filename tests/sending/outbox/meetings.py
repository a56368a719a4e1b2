"""What stops a message meets its mark, at random moments: a reply, a person who pauses the company, an opt-out."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connections
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import is_suppressed
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer
from sending.imap import RawMail
from sending.inbox.services import take_in
from sending.links.addresses import OfMessage
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
from tests.sending.tracking.host import Visitor

KINDS = ("reply", "pause", "opt-out")
_STOP_S, _MARK_S = 0.010, 0.020  # the latest that each begins; a mark waits for nothing else and is faster


def make_waiting(count: int) -> Post:
    """Give so many people, each of a company of their own, the first message; the second is due."""
    server = FaultServer(port=1)  # nothing is connected to
    made = make_post(server, *(f"p{number}" for number in range(count)), steps=2)
    for one in made.people:
        domain = f"{one.email.partition('@')[0]}.test"
        Contact.objects.filter(pk=one.pk).update(email=f"me@{domain}", email_key=f"me@{domain}", domain=domain)
    variant = made.campaign.steps.get(position=1).variants.get()
    for row in Enrollment.objects.filter(campaign=made.campaign).select_related("contact").order_by("pk"):
        make_message(row, variant, made.mailbox, at=clock.now())
        Enrollment.objects.filter(pk=row.pk).update(
            next_position=2, mailbox=made.mailbox, begun_at=Now(), last_sent_at=Now(), due_at=Now()
        )
    MailboxClock.objects.update(synced_at=Now(), look_at=Now())
    return made


def meetings(post: Post, count: int, *, seed: int, kinds: Sequence[str] = KINDS) -> Counter[tuple[str, bool]]:
    """Let so many marks meet a reply, a pause or an opt-out over the web.

    Returns how often each met a mark that was set, and one that was not.
    Raises AssertionError where a message was marked after what stops it had been stored.
    """
    dice = random.Random(seed)  # noqa: S311  # moments, no secrets
    met: Counter[tuple[str, bool]] = Counter()
    for job in _jobs(post, count):
        name = dice.choice(kinds)
        met[name, _MEET[name](post, job, dice)] += 1
    return met


def _jobs(post: Post, count: int) -> Iterator[Job]:
    """Yield jobs, claimed a few at a time; what was called back comes again."""
    given = 0
    while given < count:
        MailboxClock.objects.update(synced_at=Now(), look_at=Now(), lease_until=None, lease_owner=None)
        owner, mailboxes = leases.lease_due(most=1)
        jobs = claim(owner, mailboxes)
        assert jobs, "nobody is left"
        for job in jobs[: count - given]:
            given += 1
            yield job
        for job in jobs[count - given + len(jobs) :]:
            record_results([Result(job, Withdrawn(), clock.now(), clock.now())])


def _meet_reply(post: Post, job: Job, dice: random.Random) -> bool:
    first = OutboundMessage.objects.get(contact=job.letter.contact_id, step__position=1).message_id
    headers = f"From: {job.recipient}\r\nMessage-ID: <{job.letter.pk}@x.test>\r\nIn-Reply-To: {first}\r\n"
    raw = f"{headers}\r\nWho are you?\r\n".encode()
    marked = _meet(lambda: take_in(post.mailbox, RawMail(1, None, len(raw), raw, truncated=False)), job, dice)
    row = OutboundMessage.objects.select_related("enrollment").get(pk=job.letter.pk)
    assert row.state == (MessageState.DOT_PENDING if marked else MessageState.CANCELLED)
    assert row.enrollment is not None
    assert (row.enrollment.state, row.enrollment.stop_reason) == (EnrollmentState.STOPPED, StopReason.REPLIED)
    return marked


def _meet_pause(post: Post, job: Job, dice: random.Random) -> bool:
    contact = Contact.objects.get(pk=job.letter.contact_id)
    marked = _meet(lambda: [pause_company(post.member, contact)], job, dice)
    row = OutboundMessage.objects.get(pk=job.letter.pk)
    assert row.state == (MessageState.DOT_PENDING if marked else MessageState.DEFERRED)
    assert marked or row.reason == "Called back before it left: the company or the address is paused."
    assert resume_company(post.member, contact.domain)
    return marked


def _meet_opt_out(_post: Post, job: Job, dice: random.Random) -> bool:
    first = OutboundMessage.objects.get(contact=job.letter.contact_id, step__position=1)
    url = OfMessage(first.pk, first.contact_id).opt_out()
    marked = _meet(lambda: _opts_out(url), job, dice)
    row = OutboundMessage.objects.select_related("enrollment").get(pk=job.letter.pk)
    assert row.state == (MessageState.DOT_PENDING if marked else MessageState.CANCELLED)
    assert row.enrollment is not None
    assert (row.enrollment.state, row.enrollment.stop_reason) == (EnrollmentState.STOPPED, StopReason.OPTED_OUT)
    assert is_suppressed(job.letter.workspace_id, job.recipient_key)
    return marked


def _opts_out(url: str) -> bool:
    """Post the one click of a mail program (RFC 8058); it is answered when the opt-out is committed."""
    answer = Visitor("Yahoo!").post(url, {"List-Unsubscribe": "One-Click"})
    return answer.status_code == 200


_MEET = {"reply": _meet_reply, "pause": _meet_pause, "opt-out": _meet_opt_out}


@dataclass
class _Moment:
    """What one of two threads has done, and when it was over."""

    of: Callable[[], object]
    wait_s: float
    done_at: float = 0.0  # by the machine's clock, which is the database's, too
    result: object = None

    def run(self) -> None:
        try:
            time.sleep(self.wait_s)  # the moment is what is tried, nothing is waited for
            self.result = self.of()
            self.done_at = time.time()
        finally:
            connections.close_all()


def _meet(stops: Callable[[], object], job: Job, dice: random.Random) -> bool:
    """Let both happen at random moments; say whether the message was marked."""
    stopping = _Moment(stops, dice.random() * _STOP_S)
    marking = _Moment(lambda: mark([job]), dice.random() * _MARK_S)
    threads = [threading.Thread(target=one.run) for one in (stopping, marking)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert stopping.result, "it is stored in any case"
    assert marking.done_at, "the mark has been answered"
    if marking.result == [False]:
        record_results([Result(job, Withdrawn(text=why_called_back(job)), clock.now(), clock.now())])
        return False
    dot_at = OutboundMessage.objects.values_list("dot_at", flat=True).get(pk=job.letter.pk)
    assert dot_at is not None
    assert dot_at.timestamp() <= stopping.done_at, "it was marked after what stops it was stored"
    return True
