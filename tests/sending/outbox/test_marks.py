"""The mark before the body: who may still set it, by which clock, how durably, and what is told where it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Func
from django.db.models.functions import Now

from campaigns.contacts.models import Contact, MailDomain
from campaigns.contacts.services import delete_contacts, suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit import clock, gate
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import cool_down
from sending.mailboxes.models import MailboxClock, Spending
from sending.mailboxes.services import pause as pause_mailbox
from sending.mailboxes.services import refuse_sign_in
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Result
from sending.outbox.marks import mark, why_called_back
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.planner.models import Pause
from sending.planner.services import pause, pause_company, stop
from sending.planner.states import StopReason
from sending.smtp import Phase, Unreachable, Withdrawn
from tests.locks import somebody_waits_for_a_gate
from tests.sending.outbox.plain import (
    Beside,
    Post,
    Telling,
    claim_all,
    make_post,
    wait_until,
)
from tests.sending.outbox.stage import deliver

pytestmark = pytest.mark.django_db(transaction=True)
SILENT = FaultServer(port=1)  # nobody is asked
_PAST = timedelta(seconds=1)


def lapse_messages() -> None:
    OutboundMessage.objects.filter(lease_until__isnull=False).update(lease_until=Now() - _PAST)


# -- whose mark it is --
def test_a_worker_that_slept_past_its_lease_marks_nothing_beside_the_one_that_took_over() -> None:
    make_post(SILENT, "ada", "bob", mailbox={"daily_limit": 1, "hourly_limit": 1, "gap_min_s": 600, "gap_max_s": 600})
    (slept,) = claim_all()
    MailboxClock.objects.update(lease_until=Now() - _PAST)
    lapse_messages()
    (awake,) = claim_all()
    assert awake.letter.pk != slept.letter.pk
    assert mark([awake, slept]) == [True, False]
    assert Spending.objects.count() == 1, "the limit is one a day"


def test_a_lapsed_lease_of_the_message_refuses_the_mark() -> None:
    make_post(SILENT, "ada")
    jobs = claim_all()
    lapse_messages()
    assert mark(jobs) == [False]
    assert not Spending.objects.exists()


def test_a_mailbox_in_another_workers_hands_refuses_the_mark() -> None:
    make_post(SILENT, "ada")
    jobs = claim_all()
    MailboxClock.objects.update(lease_owner=uuid4())
    assert mark(jobs) == [False]
    assert why_called_back(jobs[0]) == "another worker has taken over"


def test_a_renewed_lease_keeps_the_mark_for_its_worker() -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    lapse_messages()
    leases.renew(job.owner, [post.mailbox.pk], [job.letter.attempt])
    assert mark([job]) == [True]


# -- by which clock --
def test_a_window_that_closes_while_the_mark_waits_for_the_gate_is_closed() -> None:
    post = make_post(SILENT, "ada")
    jobs = claim_all()
    with transaction.atomic():
        gate.hold_shut(post.member.workspace.pk)
        marking = Beside(lambda: mark(jobs))
        wait_until(somebody_waits_for_a_gate)
        OutboundMessage.objects.update(not_after=Func(function="clock_timestamp"))
    assert marking.result() == [False]
    assert post.messages[0].state == MessageState.CLAIMED


def test_a_lease_that_lapses_while_the_mark_waits_for_the_gate_has_lapsed() -> None:
    post = make_post(SILENT, "ada")
    jobs = claim_all()
    with transaction.atomic():
        gate.hold_shut(post.member.workspace.pk)
        marking = Beside(lambda: mark(jobs))
        wait_until(somebody_waits_for_a_gate)
        OutboundMessage.objects.update(lease_until=Func(function="clock_timestamp"))
    assert marking.result() == [False]


def test_the_database_decides_when_a_message_was_sent_and_when_the_next_one_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behind = clock.now() - timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: behind)
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", steps=2)
        deliver()
    message, person, now = post.messages[0], post.enrollment_of("ada"), database_now()
    assert message.dot_at is not None
    assert message.sent_at is not None
    assert person.due_at is not None
    assert now - timedelta(minutes=5) < message.dot_at <= message.sent_at <= now
    assert person.last_sent_at == message.sent_at
    assert person.due_at >= message.sent_at + timedelta(hours=23)


# -- how durable --
def test_a_mark_is_durable_also_where_the_database_is_set_to_forget() -> None:
    seen: list[str] = []

    def watch(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:  # noqa: FBT001  # Django's own signature
        if "dot_pending" in sql:
            with connection.connection.cursor() as cursor:  # the driver's: nobody watches it
                seen.append(cursor.execute("SHOW synchronous_commit").fetchone()[0])
        return execute(sql, params, many, context)

    make_post(SILENT, "ada")
    jobs = claim_all()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
        try:
            with connection.execute_wrapper(watch):
                assert mark(jobs) == [True]
            cursor.execute("SHOW synchronous_commit")
            after = cursor.fetchone()[0]
        finally:
            cursor.execute("RESET synchronous_commit")
    assert seen == ["on"]
    assert after == "off", "for the mark alone"


# -- what is told --
def called_off(post: Post) -> None:
    with transaction.atomic():
        stop(post.enrollment_of("ada"), StopReason.OPTED_OUT)


def suppressed(post: Post) -> None:
    suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)


def campaign_paused(post: Post) -> None:
    pause(post.member, post.campaign)


def mailbox_paused(post: Post) -> None:
    pause_mailbox(post.mailbox.pk, "A person paused it.")


def sign_in_refused(post: Post) -> None:
    refuse_sign_in(post.mailbox.pk, "535 no")


def window_over(_post: Post) -> None:
    OutboundMessage.objects.update(not_after=Now())


def company_paused(post: Post) -> None:
    assert pause_company(post.member, post.people[0]) == 0, "the only one there is who has answered"


def address_rests(post: Post) -> None:
    until = database_now() + timedelta(days=30)
    Pause.objects.create(workspace=post.member.workspace, value="ada@x.test", scope="address", words="?", until=until)


def distrusted_by_the_domain(post: Post) -> None:
    with transaction.atomic():
        assert cool_down(post.mailbox.pk, "x.test", "550 5.7.1 blocked")


def distrusted_by_the_provider_behind_it(post: Post) -> None:
    seen = dict.fromkeys(("checked_at", "since", "look_at"), database_now())
    MailDomain.objects.create(domain="x.test", verdict="mail", reason="mx", provider="google", **seen)
    with transaction.atomic():
        assert cool_down(post.mailbox.pk, "google", "550 5.7.1 blocked")


def deleted(post: Post) -> None:
    delete_contacts(post.member.workspace, [post.people[0].pk])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (called_off, "the sequence was called off (opted out)"),
        (suppressed, "the address is suppressed"),
        (campaign_paused, "the campaign is paused"),
        (mailbox_paused, "the mailbox is paused"),
        (sign_in_refused, "the mailbox needs a new sign-in"),
        (company_paused, "the company or the address is paused"),
        (address_rests, "the company or the address is paused"),
        (distrusted_by_the_domain, "the mailbox leaves the recipient's provider alone for now"),
        (distrusted_by_the_provider_behind_it, "the mailbox leaves the recipient's provider alone for now"),
        (window_over, "the sending window had closed"),
        (deleted, "the message is gone"),
    ],
)
def test_a_refused_mark_says_which_of_its_questions_refused_it(change: Callable[[Post], None], words: str) -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    change(post)
    assert mark([job]) == [False]
    assert why_called_back(job) == words


def test_a_suppression_of_somebody_else_is_no_reason() -> None:
    post, other = make_post(SILENT, "ada"), make_post(SILENT, "ada", slug="other")
    jobs = claim_all()
    suppressed(other)
    assert mark(jobs) == [True, False]
    assert [row.state for row in post.messages] == [MessageState.DOT_PENDING]


def test_what_holds_others_is_no_reason() -> None:
    post, other = make_post(SILENT, "ada"), make_post(SILENT, "ada", slug="other")
    jobs = claim_all()
    company_paused(other)
    distrusted_by_the_domain(other)
    with transaction.atomic():
        assert cool_down(post.mailbox.pk, "google", "blocked")
    Pause.objects.create(
        workspace=post.member.workspace, value="ada@x.test", scope="address", words="over", until=database_now()
    )
    assert mark(jobs) == [True, False]


@pytest.mark.parametrize(
    ("change", "code"),
    [(company_paused, "paused x.test"), (distrusted_by_the_domain, "x.test distrusts the mailbox")],
)
def test_what_was_called_back_waits_for_what_holds_it_also_where_its_person_has_another_address_by_now(
    change: Callable[[Post], None], code: str
) -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    change(post)
    Contact.objects.update(email="ada@y.test", email_key="ada@y.test", domain="y.test")
    assert mark([job]) == [False]
    record_results([Result(job, Withdrawn(text=why_called_back(job)), clock.now(), clock.now())])
    (message,) = post.messages
    assert message.reason.startswith("Called back before it left: the ")
    assert claim(job.owner, [post.mailbox.pk]) == []
    (message,) = post.messages
    assert code in message.reason
    assert message.retry_at is not None
    assert message.retry_at > database_now() + timedelta(minutes=50)


@pytest.mark.parametrize(
    ("change", "told", "state", "words"),
    [
        (suppressed, "the address is suppressed", MessageState.CANCELLED, "ada@x.test is suppressed: manual."),
        (
            campaign_paused,
            "the campaign is paused",
            MessageState.DEFERRED,
            "Called back before it left: the campaign is paused.",
        ),
        (
            company_paused,
            "the company or the address is paused",
            MessageState.DEFERRED,
            "owner@acme.example paused x.test: somebody there has answered.",  # the next claim has found it, too
        ),
        (
            called_off,
            "the sequence was called off (opted out)",
            MessageState.CANCELLED,
            "Called off before it left: opted out",
        ),
    ],
)
def test_a_message_that_is_called_back_behind_its_354_tells_why_and_nothing_of_it_leaves(
    change: Callable[[Post], None], told: str, state: MessageState, words: str
) -> None:
    server = Telling(step="data", then=lambda: change(post))
    with serving_in_thread(server):
        post = make_post(server, "ada")
        deliver()
    (message,) = post.messages
    assert (message.state, message.reason) == (state, words)
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.reply_text) == ("withdrawn", told)
    assert not server.accepted
    assert server.body_bytes == 0
    assert not Spending.objects.exists()


# -- a worker that died before the mark --
def test_a_worker_that_dies_before_the_mark_leaves_a_lost_attempt_behind() -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    lapse_messages()
    assert sweep()["freed"] == 1
    attempt = Attempt.objects.get()
    assert (attempt.pk, attempt.message, attempt.number) == (job.letter.attempt, post.messages[0], 1)
    assert (attempt.outcome, attempt.reply_text) == ("lost", "Its worker ended before anything was sent.")
    assert attempt.started_at <= attempt.ended_at


def test_a_lost_attempt_is_not_doubled_by_the_late_record_of_its_worker() -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    lapse_messages()
    sweep()
    late = Result(job, Unreachable(Phase.CONNECT, "timeout", "no answer"), clock.now(), clock.now())
    assert record_results([late]) == [False]
    assert Attempt.objects.get().outcome == "lost"
    assert post.messages[0].reason == "The worker that held it ended before anything was sent."
    assert sweep()["freed"] == 0


def test_an_attempt_that_was_written_down_is_not_lost() -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    record_results([Result(job, Unreachable(Phase.CONNECT, "timeout", "no answer"), clock.now(), clock.now())])
    OutboundMessage.objects.update(state=MessageState.CLAIMED, retry_at=None, lease_until=Now() - _PAST)
    sweep()
    assert Attempt.objects.get().outcome == "unreachable"
    assert post.messages[0].state == MessageState.DEFERRED
