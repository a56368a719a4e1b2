"""The kill test: a worker that dies at any moment costs at most a doubt, never a duplicate and never a loss."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count

from campaigns.contacts.models import Contact
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import MailboxClock, Spending
from sending.outbox.courier import UNRECORDED
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.sandbox.world import SandboxWorld
from tests.builders import make_contact, make_member, make_running_campaign, make_sandbox_mailbox, make_workspace
from tests.sending.outbox.oracle import check_oracle

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES, MAILBOXES, KILLS = 500, 4, 30
LEASE_S = 1.0
SEED = 20260105


@dataclass
class Nursery:
    process: subprocess.Popen[str]

    def fork(self) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    command = [
        sys.executable, "-m", "tests.sending.outbox.worker", str(connection.settings_dict["NAME"]), str(LEASE_S),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield Nursery(process)
        finally:
            process.kill()


@contextmanager
def worker(home: Nursery) -> Iterator[int]:
    """Fork a worker; whatever happens, it is killed with SIGKILL at the end of the block."""
    pid = home.fork()
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)


def wait_until(done: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not over: {pending()}"
        time.sleep(0.02)


def pending() -> dict[str, object]:
    """Return what stands, for the message of a failure."""
    clocks = MailboxClock.objects.values(
        "free_at", "look_at", "hold_code", "hold_until", "backoff_words", "lease_until"
    )
    return {
        "now": database_now(),
        "messages": list(OutboundMessage.objects.values_list("state", "reason").annotate(Count("id")).order_by()),
        "people": list(Enrollment.objects.values_list("state", "hold_code").annotate(Count("id")).order_by()),
        "clocks": list(clocks),
    }


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def is_over() -> bool:
    in_hand = [MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED]
    waiting = Enrollment.objects.filter(state=EnrollmentState.ACTIVE).exists()
    return not waiting and not OutboundMessage.objects.filter(state__in=in_hand).exists()


def test_kill_9_at_30_random_moments_costs_doubts_but_no_duplicate_and_no_loss(tmp_path: Path) -> None:
    moments = random.Random(SEED)  # noqa: S311  # the same moments in every run
    accounts = {f"me{number}@acme.test": f"secret-{number}" for number in range(MAILBOXES)}
    member = make_member(make_workspace())
    with SandboxWorld(tmp_path, accounts, slow_s=0.03) as world, nursery() as home:
        people: list[Contact] = [
            make_contact(member.workspace, f"p{number}+silent@x{number % 20}.test") for number in range(MESSAGES)
        ]
        mailboxes = [make_sandbox_mailbox(member.workspace, world.info, address) for address in accounts]
        make_running_campaign(member, tuple(people), tuple(mailboxes))
        log, kills = tmp_path / "accepted.log", 0
        while kills < KILLS and not is_over():
            before = lines_of(log)
            with worker(home):
                wait_until(lambda: lines_of(log) > before or is_over())  # noqa: B023  # called at once
                time.sleep(moments.uniform(0, 0.15))
            kills += 1
        with worker(home):
            wait_until(is_over)
        findings = check_oracle(world, most_in_doubt=kills * MAILBOXES * UNRECORDED)
    print(f"kills {kills}, {findings}")  # noqa: T201  # the table of the test
    assert kills == KILLS, "the messages were out before the last kill"
    assert findings.in_doubt > 0, "no kill hit the moment between the mark and the answer"
    assert findings.accepted >= MESSAGES - findings.in_doubt
    assert Spending.objects.count() >= findings.accepted, "a message left without being charged to its mailbox"
    doubts = OutboundMessage.objects.filter(state=MessageState.IN_DOUBT).count()
    sent = OutboundMessage.objects.filter(state=MessageState.SENT).count()
    assert sent + doubts == MESSAGES
    assert Enrollment.objects.filter(state=EnrollmentState.FINISHED).count() == sent
