"""A worker that is frozen inside a transaction: nobody waits for it longer than its session, and nothing is doubled."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from django.db import transaction

from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Spending
from sending.mailboxes.spending import Spent, spend
from sending.outbox import courier, marks, records
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.planner.models import Enrollment
from sending.planner.services import stop
from sending.planner.states import EnrollmentState, StopReason
from tests.locks import somebody_waits_for_a_gate
from tests.outreach.kit.frozen import stand_still
from tests.sending.outbox.plain import Beside, make_post, wait_until
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.outbox.test_races import lapse

pytestmark = pytest.mark.django_db(transaction=True)


class Freezing:
    """Spends as usual, but the worker is frozen the first times: once it holds the gate, until go_on."""

    def __init__(self, times: int, *, waits: bool = False) -> None:
        self.is_in, self.go_on = threading.Event(), threading.Event()
        self._times = times
        self._waits = waits

    def __call__(self, spent: Sequence[Spent]) -> None:
        if self._times:
            self._times -= 1
            self.is_in.set()
            assert not self._waits or self.go_on.wait(10)
            stand_still()
        spend(spent)


def test_a_stop_waits_for_a_frozen_mark_no_longer_than_its_session_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    freezing = Freezing(1, waits=True)
    monkeypatch.setattr(marks, "spend", freezing)
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada")
        worker = Beside(deliver)
        assert freezing.is_in.wait(10)

        def take_out() -> bool:
            with transaction.atomic():
                return stop(Enrollment.objects.get(), StopReason.REMOVED)

        stopping = Beside(take_out)
        wait_until(somebody_waits_for_a_gate)
        freezing.go_on.set()
        assert stopping.result()
        worker.result()
        assert Enrollment.objects.get().state == EnrollmentState.STOPPED
        lapse()
        sweep()
        make_due()
        deliver()
    assert server.accepted == []


def test_a_mark_whose_session_was_ended_was_never_made_and_the_message_leaves_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(marks, "spend", Freezing(1))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        deliver()
        (row,) = post.messages
        assert row.state == MessageState.SENT
        tries = row.attempts.order_by("number").values_list("outcome", "reply_text")
        assert list(tries) == [
            ("withdrawn", "the database did not answer when it was to be marked"),
            ("accepted", "taken"),
        ]
    assert (len(server.accepted), Spending.objects.count()) == (1, 1)


def test_an_answer_is_written_down_once_however_often_the_session_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "spend", Freezing(3))
    monkeypatch.setattr(courier, "_RECORD_RETRY_S", (0.01,))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob")
        deliver()
    assert {row.state for row in post.messages} == {MessageState.SENT}
    assert (len(server.accepted), Event.objects.filter(kind=EventKind.SENT).count()) == (2, 2)
