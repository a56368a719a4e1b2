"""A worker that is asked to end: it begins nothing more, finishes what has left, hands back the rest, and is gone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.models.functions import Now

from outreach.env import ROOT
from outreach.kit import loops, stopping
from outreach.kit.stopping import Bell
from sending.chaos.faultsmtpd import FaultServer, drip, hang, serving_in_thread
from sending.mailboxes.models import MailboxClock, Spending
from sending.outbox import courier, leases, tasks
from sending.outbox.courier import Courier
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from tests.sending.outbox.plain import Beside, make_post, wait_until
from tests.sending.outbox.stage import deliver
from tests.sending.outbox.test_races import lapse

pytestmark = pytest.mark.django_db(transaction=True)
SLOW_YES = drip(b"250 2.0.0 taken\r\n", every_s=0.04)  # 0.7 s
NOT_TRIED = "Not tried yet: the worker's time was over."


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    yield bell
    bell.close()


def work(bell: Bell, *, work_s: float = 20.0) -> Beside[int]:
    mine, held = leases.take_over(*leases.lease_due(most=10))
    return Beside(lambda: loops.run(Courier(mine, held, work_s=work_s, bell=bell).run()))


def in_state(state: MessageState) -> int:
    return OutboundMessage.objects.filter(state=state).count()


def leased() -> int:
    return MailboxClock.objects.filter(lease_owner__isnull=False).count()


def test_what_has_left_is_finished_and_what_has_not_goes_back(bell: Bell) -> None:
    with (
        serving_in_thread(FaultServer({"dot": SLOW_YES})) as slow,
        serving_in_thread(FaultServer({"banner": hang()})) as tar,
    ):
        sending = make_post(slow, "ada", "bob", "eve", slug="sending")
        dialling = make_post(tar, "joe", "kim", slug="dialling")
        courier_at_work = work(bell)
        wait_until(lambda: in_state(MessageState.DOT_PENDING) and tar.connections)
        bell.ring()
        courier_at_work.result(5)
    assert len(slow.accepted) == 1
    assert [row.state for row in sending.messages] == [MessageState.SENT, MessageState.DEFERRED, MessageState.DEFERRED]
    assert [row.state for row in dialling.messages] == [MessageState.DEFERRED] * 2
    untried = [*sending.messages[1:], *dialling.messages]
    assert {(row.reason, row.attempt_number, row.refusals) for row in untried} == {(NOT_TRIED, 0, 0)}
    assert Attempt.objects.get().message == sending.messages[0]
    assert Spending.objects.count() == 1, "what went back costs nothing"
    assert not leased(), "another worker may begin at once"
    assert dialling.clock.failures == 0, "no server is blamed"


def test_whoever_comes_after_the_bell_begins_nothing(bell: Bell) -> None:
    bell.ring()
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada")
        assert work(bell).result(5) == 0
    assert not server.connections
    assert not OutboundMessage.objects.exists()
    assert not leased()


def test_a_worker_that_waits_for_the_next_message_ends_at_once(bell: Bell) -> None:
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada", "bob", mailbox={"gap_min_s": 2, "gap_max_s": 2})
        resting = work(bell)
        wait_until(lambda: in_state(MessageState.SENT))
        bell.ring()
        began = time.monotonic()
        resting.result(5)
        assert time.monotonic() - began < 1.0
    assert len(server.accepted) == 1
    assert not leased()


def test_an_answer_that_does_not_come_in_time_leaves_a_doubt(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "LAST_ANSWERS_S", 0.3)
    with serving_in_thread(FaultServer({"dot": [hang()]})) as server:
        post = make_post(server, "ada", "bob")
        waiting = work(bell)
        wait_until(lambda: in_state(MessageState.DOT_PENDING))
        bell.ring()
        waiting.result(6)
        assert [row.state for row in post.messages] == [MessageState.DOT_PENDING, MessageState.CLAIMED]
        lapse()
        counts = sweep()
        assert (counts["freed"], counts["in_doubt"]) == (1, 1)
        deliver()
    assert [row.state for row in post.messages] == [MessageState.IN_DOUBT, MessageState.SENT]
    assert len(server.accepted) == 1


def test_a_task_that_comes_while_the_worker_ends_gives_its_mailboxes_back(
    bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell.ring()
    monkeypatch.setattr(stopping, "SHUTDOWN", bell)
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada")
        owner, mailboxes = leases.lease_due(most=10)
        tasks.deliver(str(owner), mailboxes)
        assert not leased()
        assert deliver() == 1, "somebody else has them at once"
    assert len(server.accepted) == 1


# -- the real thing --
@contextmanager
def celery_worker() -> Iterator[subprocess.Popen[str]]:
    """Run the worker of the deliveries as docker-compose.yml does, on the test's database."""
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    words = ("celery", "--quiet", "--app", "outreach.celery", "worker", "--queues", "deliver", "--concurrency", "2",
             "--without-mingle", "--without-gossip", "--loglevel", "info")  # fmt: skip
    env = {**os.environ, "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}"}
    with subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def message_ids(bodies: list[bytes]) -> Counter[str]:
    return Counter(re.findall(r"^Message-ID: (<\S+>)", b"\n".join(bodies).decode(), re.MULTILINE))


@pytest.mark.parametrize("everybody", [False, True], ids=["the leader", "its whole group"])
def test_a_celery_worker_under_sigterm_ends_soon_and_nothing_is_lost_or_doubled(*, everybody: bool) -> None:
    with serving_in_thread(FaultServer({"dot": SLOW_YES})) as server, celery_worker() as process:
        for number in range(6):
            make_post(server, *(f"p{one}" for one in range(5)), slug=f"s{number}")
        tasks.tick()
        wait_until(lambda: len(server.accepted) >= 6 and in_state(MessageState.DOT_PENDING), seconds=30)
        began = time.monotonic()
        (os.killpg if everybody else os.kill)(process.pid, signal.SIGTERM)
        process.wait(60)
        took = time.monotonic() - began
        rows = list(OutboundMessage.objects.all())
        assert took < 20, f"{took:.1f} s for answers of 0.7 s"  # on a busy machine
        assert {row.state for row in rows} == {MessageState.SENT, MessageState.DEFERRED}
        sent = {row.message_id for row in rows if row.state == MessageState.SENT}
        assert message_ids(server.accepted) == Counter(sent)
        assert 6 <= len(sent) < 30
        assert not leased()
        MailboxClock.objects.update(look_at=Now())
        server.script = {}
        while deliver():
            MailboxClock.objects.update(look_at=Now())
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {MessageState.SENT}
    assert set(message_ids(server.accepted).values()) == {1}
    assert len(server.accepted) == 30
