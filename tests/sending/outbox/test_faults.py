"""Faults of servers, recipients and mailboxes: what they cost, whom they concern, and when they end."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from campaigns.contacts.services import delete_contacts
from outreach.kit import clock
from sending.chaos.faultsmtpd import Act, FaultServer, close, drip, hang, say, serving_in_thread
from sending.mailboxes.models import Credential, Mailbox, MailboxClock, Spending
from sending.mailboxes.services import resume
from sending.outbox import courier, line
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Accepted, Reply
from tests.locks import somebody_waits_for_a_row
from tests.sending.outbox.plain import (
    Beside,
    Picky,
    claim_all,
    end_backoff,
    make_post,
    wait_until,
)
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = tuple(f"p{number}" for number in range(8))
UNKNOWN = say(b"550 5.1.1 no such user\r\n")
GREY = say(b"450 4.2.0 greylisted\r\n")


# -- what a refusal costs --
@pytest.mark.parametrize("answer", [UNKNOWN, GREY])
@pytest.mark.parametrize(
    ("limits", "most"), [({"hourly_limit": 2}, 2), ({"daily_limit": 3}, 3), ({"gap_min_s": 360, "gap_max_s": 720}, 1)]
)
def test_a_refusal_at_rcpt_costs_gap_hour_and_day_as_a_message_does(
    answer: Act, limits: dict[str, object], most: int
) -> None:
    with serving_in_thread(FaultServer({"rcpt": answer})) as server:
        post = make_post(server, *NAMES, mailbox=limits)
        deliver(work_s=2)
        MailboxClock.objects.update(look_at=Now())
        deliver(work_s=2)
    assert sum(command.startswith("RCPT") for command in server.commands) == most
    assert Spending.objects.filter(mailbox=post.mailbox, is_new_lead=True).count() == most


def test_the_gap_after_a_refusal_is_that_of_the_mailbox() -> None:
    with serving_in_thread(FaultServer({"rcpt": UNKNOWN})) as server:
        post = make_post(server, "ada", mailbox={"gap_min_s": 360, "gap_max_s": 720})
        deliver()
    gap_s = (post.clock.free_at - Spending.objects.get().spent_at).total_seconds()
    assert 360 <= gap_s <= 720


def test_a_refusal_at_data_costs_once_and_so_does_one_after_the_dot() -> None:
    refuse = say(b"554 5.7.1 not wanted\r\n")
    with serving_in_thread(FaultServer({"data": [refuse], "dot": [refuse]})) as server:
        post = make_post(server, "ada", "bob")
        deliver()
    assert [row.state for row in post.messages] == [MessageState.FAILED] * 2
    assert Spending.objects.count() == 2


def test_what_our_own_side_refuses_costs_nothing() -> None:
    with serving_in_thread(FaultServer(extensions=("SIZE 10", "AUTH PLAIN"))) as server:
        post = make_post(server, "ada")
        deliver()
    assert (post.messages[0].state, post.messages[0].reply_code) == (MessageState.FAILED, 552)
    assert not any(command.startswith("RCPT") for command in server.commands)
    assert not Spending.objects.exists()


# -- one recipient against all others --
@pytest.mark.parametrize(
    "act",
    [
        say(b"421 4.3.0 try later\r\n"),
        say(b"450 4.7.1 rate limit exceeded for this recipient\r\n"),
        close(),
        hang(),
    ],
    ids=["421", "rate", "drop", "silence"],
)
def test_a_recipient_who_breaks_the_dialogue_ends_after_its_tries_and_others_go_in_between(
    monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    server = Picky(people={"poison": act})
    with serving_in_thread(server):
        post = make_post(server, "poison", "ada", "bob", mailbox={"gap_min_s": 30, "gap_max_s": 30})
        monkeypatch.setattr(line, "BEFORE_DOT_S", 1.0 if act.then == "hang" else 60.0)
        deliver()
        assert (post.message_to("poison").state, post.message_to("poison").refusals) == (MessageState.DEFERRED, 1)
        assert post.clock.failures == 1, "the mailbox rests, too"
        end_backoff()
        deliver()
        assert len(server.accepted) == 1, "its backoff is over before the wait of the one who brought it"
        OutboundMessage.objects.filter(state=MessageState.DEFERRED).update(refusals=7)
        make_due()
        deliver()
    assert server.asked_for("poison") == 2
    message = post.message_to("poison")
    assert (message.state, message.refusals) == (MessageState.FAILED, 8)
    assert post.enrollment_of("poison").stop_reason == StopReason.OUT_OF_TRIES
    end_backoff()
    with serving_in_thread(FaultServer(port=server.port)) as later:
        deliver()
    assert len(later.accepted) == 1, "the last one"


# -- a mailbox that can write to nobody --
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("address", '"a"@x.com', "address or Reply-To"),
        ("address", "me@[127.0.0.1]", "address or Reply-To"),
        ("address", "m@" + ".".join(["a" * 60] * 4) + ".example", "address or Reply-To"),
        ("reply_to", '"a"@x.com', "address or Reply-To"),
        ("reply_to", "me@☃.example", "address or Reply-To"),
    ],
)
def test_a_mailbox_whose_address_cannot_stand_in_a_mail_is_blocked_and_stops_nobody(
    column: str, value: str, words: str
) -> None:
    with serving_in_thread(FaultServer()) as server:
        bad = make_post(server, "ada", "bob", slug="bad")
        good = make_post(server, "eve", "joe", slug="good")
        was = getattr(bad.mailbox, column)
        Mailbox.objects.filter(pk=bad.mailbox.pk).update(**{column: value[:254]})
        deliver()
        assert {row.state for row in good.messages} == {MessageState.SENT}
        assert len(server.accepted) == 2
        bad.mailbox.refresh_from_db()
        assert bad.mailbox.state == "blocked"
        assert words in bad.mailbox.state_reason
        assert not Enrollment.objects.filter(state=EnrollmentState.STOPPED).exists()
        assert deliver() == 0
        Mailbox.objects.filter(pk=bad.mailbox.pk).update(**{column: was})
        resume(bad.mailbox.pk)
        make_due()
        deliver()
    assert {row.state for row in bad.messages} == {MessageState.SENT}, "its owner mends it, and it goes on"
    assert len(server.accepted) == 4


def test_a_mailbox_whose_secret_no_key_opens_concerns_no_neighbour() -> None:
    with serving_in_thread(FaultServer()) as server:
        bad = make_post(server, "ada", slug="bad")
        good = make_post(server, "eve", slug="good")
        Credential.objects.filter(mailbox=bad.mailbox).update(smtp_password=b"not sealed with our key")
        deliver()
    bad.mailbox.refresh_from_db()
    assert bad.mailbox.state == "needs_sign_in"
    assert not bad.messages
    assert [row.state for row in good.messages] == [MessageState.SENT]


@pytest.mark.parametrize("banner", [b"220 serveur de courrier \xe9lectronique\r\n", b"220 hi\x00there\r\n"])
def test_a_banner_of_odd_bytes_can_be_written_down(banner: bytes) -> None:
    odd_server = FaultServer({"banner": say(banner)})
    with serving_in_thread(odd_server) as server, serving_in_thread(FaultServer()) as other:
        odd, good = make_post(server, "ada", slug="odd"), make_post(other, "eve", slug="good")
        deliver()
    assert [row.state for row in good.messages] == [MessageState.SENT]
    assert odd.messages[0].state == (MessageState.SENT if odd_server.accepted else MessageState.DEFERRED)
    assert odd.messages[0].attempts.count() == 1


# -- one odd row in everybody's batch --
def results_of(jobs: list[Job]) -> list[Result]:
    at = clock.now()
    return [Result(job, Accepted(Reply(250, "2.0.0", "OK")), at, at) for job in jobs]


def test_a_contact_deleted_between_mark_and_record_leaves_the_neighbours_mail_recorded() -> None:
    with serving_in_thread(FaultServer()) as server:
        gone, good = make_post(server, "ada", slug="gone"), make_post(server, "eve", slug="good")
        jobs = claim_all()
        assert mark(jobs) == [True, True]
        delete_contacts(gone.member.workspace, [gone.people[0].pk])
        kept = dict(zip([job.letter.workspace_id for job in jobs], record_results(results_of(jobs)), strict=True))
    assert kept == {gone.member.workspace.pk: False, good.member.workspace.pk: True}
    assert [row.state for row in good.messages] == [MessageState.SENT]
    assert Attempt.objects.get().message == good.messages[0]


def test_a_contact_is_deleted_although_a_message_to_it_is_made_meanwhile() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob")
        with transaction.atomic():
            assert len(claim_all()) == 2
            deleting = Beside(lambda: delete_contacts(post.member.workspace, [post.people[0].pk]))
            wait_until(somebody_waits_for_a_row)
        assert deleting.result() == 1
    assert [message.contact for message in post.messages] == [post.people[1]]


def test_a_result_that_cannot_be_written_down_does_not_keep_its_neighbours_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def record(results: list[Result]) -> list[bool]:
        if any(one.job.recipient.startswith("ada@") for one in results):
            raise ValueError("an odd row")
        return record_results(results)

    monkeypatch.setattr(courier, "_RECORD_RETRY_S", (0.01,))
    monkeypatch.setattr(courier, "record_results", record)
    monkeypatch.setattr(courier, "_RECORD_LINGER_S", 0.3)
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada", slug="odd")
        good = make_post(server, "eve", "bob", "joe", slug="good")
        deliver()
    assert {row.state for row in good.messages} == {MessageState.SENT}
    assert OutboundMessage.objects.exclude(campaign=good.campaign).get().state == MessageState.DOT_PENDING


# -- what was taken is written down, what was not tried goes back --
def test_a_failing_mark_does_not_lose_the_records_of_what_was_accepted_before(monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[int] = []
    records: list[int] = []

    def mark_twice(jobs: list[Job]) -> list[bool]:
        marks.append(len(jobs))
        if len(marks) == 3:
            raise ValueError("no mark can be made of it")
        return mark(jobs)

    def record_late(results: list[Result]) -> list[bool]:
        records.append(len(results))
        if len(marks) < 3 or len(records) < 3:
            raise OperationalError("the database restarts")
        return record_results(results)

    monkeypatch.setattr(courier, "mark", mark_twice)
    monkeypatch.setattr(courier, "record_results", record_late)
    monkeypatch.setattr(courier, "_RECORD_RETRY_S", (0.05,))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, *NAMES)
        deliver()
    states = [row.state for row in post.messages]
    assert len(server.accepted) == 2
    assert states == [MessageState.SENT] * 2 + [MessageState.CLAIMED] * 6


def test_a_late_courier_hands_back_what_it_has_not_tried_and_no_attempt_is_counted() -> None:
    slow = drip(b"250 2.0.0 taken\r\n", every_s=0.08)
    with serving_in_thread(FaultServer({"dot": [slow]})) as server:
        post = make_post(server, *NAMES)
        assert deliver(work_s=1.0) == len(NAMES)
        assert len(server.accepted) == 1
        rows = post.messages
        assert [row.state for row in rows] == [MessageState.SENT] + [MessageState.DEFERRED] * 7
        assert {row.reason for row in rows[1:]} == {"Not tried yet: the worker's time was over."}
        deliver(work_s=5)
    assert {row.state for row in post.messages} == {MessageState.SENT}
    assert {row.attempt_number for row in post.messages} == {1}
    assert [row.message_id for row in post.messages] == [row.message_id for row in rows], "they are the same messages"
    assert Attempt.objects.count() == len(server.accepted) == len(NAMES)


def test_a_late_courier_does_not_blame_the_refusal_of_the_message_before() -> None:
    slow = drip(b"450 4.2.0 greylisted\r\n", every_s=0.06)
    with serving_in_thread(FaultServer({"rcpt": [slow]})) as server:
        post = make_post(server, "ada", "bob")
        deliver(work_s=1.0)
    assert [row.reason for row in post.messages] == [
        "450 greylisted",
        "Not tried yet: the worker's time was over.",
    ]


def test_what_stands_behind_a_refused_password_says_why_it_was_not_tried() -> None:
    with serving_in_thread(FaultServer({"auth": say(b"535 5.7.8 bad\r\n")})) as server:
        post = make_post(server, "ada", "bob", "eve")
        deliver()
    first, *others = [row.reason for row in post.messages]
    assert first == "535 bad"
    assert set(others) == {"Not tried: the message before it met 535 bad"}
    assert Attempt.objects.count() == 1


def test_what_is_needed_to_write_down_an_answer_is_held_before_anything_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[bool] = []

    def record(results: list[Result]) -> list[bool]:
        connected.append(connection.connection is not None)
        return record_results(results)

    monkeypatch.setattr(courier, "record_results", record)
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada")
        deliver()
    assert connected == [True], "connections to servers may have taken the last file descriptor meanwhile"


# -- the only way to a second copy --
@pytest.mark.parametrize("second", [b"250 2.0.0 queued\r\n", b"250-2.0.0 well\r\n250 2.0.0 queued\r\n"])
def test_two_answers_to_the_dot_are_a_doubt_and_never_a_second_mail(second: bytes) -> None:
    both = say(b"451 4.3.0 slow\r\n" + second, takes=True)
    with serving_in_thread(FaultServer({"dot": [both]})) as server:
        post = make_post(server, "ada")
        deliver()
        assert post.messages[0].state == MessageState.IN_DOUBT
        assert "answered twice" in post.messages[0].reason
        make_due()
        assert deliver() == 0
    assert len(server.accepted) == 1
