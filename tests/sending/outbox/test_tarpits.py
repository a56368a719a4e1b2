"""Servers that never come to the point: they hold up nobody else, and what was for them is tried again later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from outreach.kit import loops
from sending.chaos.faultsmtpd import Act, FaultServer, drip, hang, serving_in_thread
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import MailboxClock, Spending
from sending.outbox import courier, leases, line
from sending.outbox.claims import claim
from sending.outbox.courier import Courier
from sending.outbox.jobs import Job
from sending.outbox.marks import mark
from sending.outbox.models import Attempt
from sending.outbox.states import MessageState
from tests.sending.outbox.plain import Beside, Picky, Post, make_post, wait_until
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "BEFORE_DOT_S", 1.0)


def look_at(post: Post, seconds: float) -> None:
    MailboxClock.objects.filter(mailbox=post.mailbox).update(look_at=Now() + timedelta(seconds=seconds))


def test_two_silent_servers_do_not_keep_a_third_mailbox_from_being_served() -> None:
    with serving_in_thread(FaultServer()) as good:
        with serving_in_thread(FaultServer({"banner": hang()})) as tar:
            tarpits = [make_post(tar, "ada", slug=f"tar{number}") for number in (1, 2)]
            third = make_post(good, "bob", slug="third")
            look_at(third, 3600)
            mine, held = leases.take_over(*leases.lease_due(most=10))
            assert set(held) == {post.mailbox.pk for post in tarpits}
            look_at(third, -1)
            work = Beside(lambda: loops.run(Courier(mine, held, work_s=0.2).run()))
            wait_until(lambda: third.messages and third.messages[0].state == MessageState.SENT)
            assert work.is_running, "the tarpits still hold their connections"
        assert work.result() == 3
    assert len(good.accepted) == 1
    assert [post.messages[0].state for post in tarpits] == [MessageState.DEFERRED] * 2


def test_a_mailbox_whose_task_waits_behind_tarpits_is_soon_taken_in_beside_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "HANDOVER_S", 1.0)
    with serving_in_thread(FaultServer()) as good:
        with serving_in_thread(FaultServer({"banner": hang()})) as tar:
            make_post(tar, "ada", slug="tar")
            mine, held = leases.take_over(*leases.lease_due(most=10))
            waiting = make_post(good, "bob", slug="waiting")
            task = leases.lease_due(most=10)  # what a tick does; every process that could take the task is busy
            work = Beside(lambda: loops.run(Courier(mine, held, work_s=0.2).run()))
            wait_until(lambda: waiting.messages and waiting.messages[0].state == MessageState.SENT)
            assert work.is_running, "the tarpit still holds its connection"
            assert leases.take_over(*task)[1] == [], "the task comes too late, and does nothing"
        work.result()
    assert len(good.accepted) == 1


@pytest.mark.parametrize(
    ("step", "act"),
    [
        ("banner", hang()),
        ("banner", drip(b"220 " + b"one moment " * 20 + b"\r\n", every_s=0.02)),
        ("auth", hang()),
        ("mail", hang()),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_tarpit_ends_in_a_backoff_of_its_mailbox_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, step: str, act: Act
) -> None:
    with serving_in_thread(FaultServer({step: [act]})) as server:
        post = make_post(server, "ada", "bob", "eve")
        assert deliver() == 3
        assert not server.accepted
        assert {(row.state, row.refusals) for row in post.messages} == {(MessageState.DEFERRED, 0)}
        assert Attempt.objects.get().outcome == "unreachable", "one was tried, the others went back"
        assert [row.attempt_number for row in post.messages] == [1, 0, 0]
        clock = post.clock
        assert clock.failures == 1
        assert clock.backoff_until is not None
        assert clock.backoff_until > database_now()
        assert "did not come to the point" in clock.backoff_words
        assert not Spending.objects.exists()
        assert deliver() == 0, "the server is left alone"
        monkeypatch.setattr(line, "BEFORE_DOT_S", 60.0)
        make_due()
        assert deliver() == 3
    assert {row.state for row in post.messages} == {MessageState.SENT}
    assert len(server.accepted) == 3


@pytest.mark.usefixtures("quick")
def test_a_tarpit_tells_how_far_its_server_came() -> None:
    with serving_in_thread(Picky(people={"eve": hang()})) as server:
        post = make_post(server, "ada", "eve")
        deliver()
    attempt = post.message_to("eve").attempts.get()
    assert (attempt.outcome, attempt.phase) == ("unreachable", "rcpt")
    said = [row["text"] for row in attempt.transcript]
    assert any(text.startswith("RCPT TO:<eve@x.test>") for text in said)
    assert not any("ada@x.test" in text for text in said)


@pytest.mark.usefixtures("quick")
def test_a_tarpit_that_is_left_while_the_connection_opens_keeps_its_dialogue() -> None:
    with serving_in_thread(FaultServer({"ehlo": [hang()]})) as server:
        post = make_post(server, "ada")
        deliver()
    attempt = post.message_to("ada").attempts.get()
    said = [(row["side"], row["text"]) for row in attempt.transcript]
    assert [side for side, _ in said] == ["note", "server", "client", "note"]
    assert said[-2][1].startswith("EHLO ")
    assert said[-1][1] == "Given up (ehlo)."
    assert [row["at_ms"] for row in attempt.transcript] == sorted(row["at_ms"] for row in attempt.transcript)


@pytest.mark.usefixtures("quick")
def test_the_answer_to_the_dot_may_take_longer_than_the_way_to_it() -> None:
    with serving_in_thread(FaultServer({"dot": drip(b"250 2.0.0 taken\r\n", every_s=0.08)})) as server:
        post = make_post(server, "ada")
        deliver()
    assert post.messages[0].state == MessageState.SENT
    assert len(server.accepted) == 1


def test_a_timeout_of_somebody_elses_after_the_mark_is_a_doubt_and_no_second_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mark_and_fail(jobs: list[Job]) -> list[bool]:
        mark(jobs)
        raise TimeoutError("the network of the database")

    monkeypatch.setattr(courier, "mark", mark_and_fail)
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        deliver()
        assert not Attempt.objects.exists()
    assert post.messages[0].state == MessageState.DOT_PENDING, "for the sweeper, which calls it in doubt"


def test_a_courier_whose_mailbox_only_waits_for_its_gap_ends_in_time_and_takes_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier, "_SLOW_S", 0.8)
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada", "bob", slug="first", mailbox={"gap_min_s": 2, "gap_max_s": 2})
        mine, held = leases.take_over(*leases.lease_due(most=1))
        other = make_post(server, "eve", slug="other")
        assert loops.run(Courier(mine, held, work_s=0.3).run()) == 1
    assert not other.messages, "nobody waits for a slow server"
    assert not MailboxClock.objects.exclude(lease_owner=None).exists()


def test_a_mailbox_whose_claim_failed_is_served_again_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "_SLOW_S", 0.2)
    monkeypatch.setattr(leases, "LEASE_S", 1.0)
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.1)
    failed: list[UUID] = []

    def claim_or_fail(owner: UUID, mailbox_ids: list[int]) -> list[Job]:
        if unlucky.mailbox.pk in mailbox_ids and not failed:
            failed.append(owner)
            raise OperationalError("gave way to another transaction")
        return claim(owner, mailbox_ids)

    with serving_in_thread(FaultServer()) as good:
        with serving_in_thread(FaultServer({"banner": hang()})) as tar:
            make_post(tar, "ada", slug="tar")
            unlucky = make_post(good, "bob", slug="unlucky")
            monkeypatch.setattr(courier, "claim", claim_or_fail)
            look_at(unlucky, 3600)
            mine, held = leases.take_over(*leases.lease_due(most=10))
            look_at(unlucky, -1)
            work = Beside(lambda: loops.run(Courier(mine, held, work_s=0.2).run()))
            wait_until(lambda: good.accepted)
            assert failed
            assert work.is_running
        work.result()
    assert unlucky.messages[0].attempt_number == 1
