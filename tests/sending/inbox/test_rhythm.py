"""How often a mailbox is read, and what brings a reading forward."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from outreach.kit import clock
from sending.imap import Protocol
from sending.inbox import reading
from sending.inbox.models import MailboxSync
from sending.inbox.rhythm import backoff, next_wait
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.services import store_passwords
from sending.mailboxes.states import MailboxState
from sending.pacing import Pace
from sending.pacing.gates import FRESHNESS
from tests.builders import make_mailbox, make_workspace

REAL = Pace()
S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("since_sent", "imap", "pop3"),
    [
        (0 * S, 20 * S, 5 * M),
        (30 * S, 30 * S, 5 * M),
        (90 * S, 90 * S, 5 * M),
        (10 * M, 2 * M, 5 * M),
        (23 * H, 2 * M, 5 * M),
        (25 * H, 10 * M, 10 * M),
        (None, 10 * M, 10 * M),
    ],
)
def test_after_a_send_the_waits_double_and_idle_mailboxes_are_read_seldom(
    since_sent: timedelta | None, imap: timedelta, pop3: timedelta
) -> None:
    assert next_wait(Protocol.IMAP, since_sent, pace=REAL) == imap
    assert next_wait(Protocol.POP3, since_sent, pace=REAL) == pop3


def test_the_longest_wait_keeps_follow_ups_going() -> None:
    assert all(next_wait(protocol, None, pace=REAL) < FRESHNESS for protocol in Protocol)


def test_a_server_that_fails_is_asked_less_and_less_often_and_within_an_hour_in_any_case() -> None:
    assert [backoff(Protocol.IMAP, failures, pace=REAL) / M for failures in (0, 1, 2, 9)] == [2, 4, 8, 60]


def test_no_pace_asks_a_server_more_than_every_four_seconds() -> None:
    for since in (0 * S, None):
        assert next_wait(Protocol.IMAP, since, pace=Pace(100_000)) == 4 * S


@pytest.fixture
def box() -> Mailbox:
    """A mailbox that was read a minute ago, and is read again in nine."""
    mailbox = make_mailbox(make_workspace(), state=MailboxState.ACTIVE)
    Mailbox.objects.update(state_changed_at=clock.now() - H)
    MailboxSync.objects.create(mailbox=mailbox, planned_at=clock.now() - M, next_at=clock.now() + 9 * M)
    return mailbox


def waits() -> float:
    return (MailboxSync.objects.get().next_at - clock.now()) / S


pytestmark = pytest.mark.django_db


def test_what_leaves_after_a_reading_was_planned_brings_it_forward(box: Mailbox) -> None:
    reading.hasten()
    assert waits() > 500
    Spending.objects.create(mailbox=box, spent_at=clock.now() - 5 * M)
    reading.hasten()
    assert waits() > 500, "that was known when it was planned"
    Spending.objects.create(mailbox=box)
    reading.hasten()
    assert 18 < waits() <= 20
    MailboxSync.objects.update(next_at=Now() + 10 * S)
    reading.hasten()
    assert waits() <= 10, "it is not put off"


def test_a_pop3_server_is_not_asked_sooner_than_it_bears(box: Mailbox) -> None:
    Mailbox.objects.update(reading=Protocol.POP3)
    Spending.objects.create(mailbox=box)
    reading.hasten()
    assert 230 < waits() <= 240


def test_a_server_that_fails_is_left_alone_until_a_person_has_mended_the_mailbox(box: Mailbox) -> None:
    MailboxSync.objects.update(failures=3)
    Spending.objects.create(mailbox=box)
    reading.hasten()
    assert waits() > 500
    Mailbox.objects.update(state_changed_at=clock.now())
    reading.hasten()
    assert waits() <= 0


def test_a_reading_that_outlives_its_lease_takes_none_from_who_listens_by_now(box: Mailbox) -> None:
    Mailbox.objects.update(imap_host="127.0.0.1", imap_port=1)
    store_passwords(box, smtp="unused", imap="unused")
    until = clock.now() + H
    MailboxSync.objects.update(listener=uuid4(), listened_since=Now(), lease_until=until)
    assert reading.read(box.pk).problem
    assert (MailboxSync.objects.get().lease_until, MailboxSync.objects.get().failures) == (until, 1)
    MailboxSync.objects.update(listener=None, listened_since=None)
    assert reading.read(box.pk).problem
    assert MailboxSync.objects.get().lease_until is None


def test_mailboxes_of_one_account_are_read_over_few_connections(box: Mailbox) -> None:
    others = [make_mailbox(make_workspace(f"w{n}"), state=MailboxState.ACTIVE) for n in range(4)]
    MailboxSync.objects.update(next_at=Now() - 2 * M)
    for number, other in enumerate(others):
        MailboxSync.objects.create(mailbox=other, next_at=clock.now() - M + number * S)
    assert set(reading.lease_due(most=10)) == {box.pk, others[0].pk, others[1].pk}
    assert reading.lease_due(most=10) == []
    MailboxSync.objects.filter(mailbox=box).update(lease_until=None, next_at=Now() + M)
    assert reading.lease_due(most=10) == [others[2].pk]
