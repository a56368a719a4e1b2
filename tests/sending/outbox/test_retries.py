"""Messages that are tried again: to one address, while their person may be written to, and in no circle of locks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.contacts.models import Suppression
from campaigns.contacts.services import delete_contacts, edit_contact, suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import SendWindow
from outreach.kit import clock, gate
from sending.chaos.faultsmtpd import FaultServer, say, serving_in_thread
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.models import OutboundMessage
from sending.outbox.retries import CalledOff, call_off
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment, Pause
from sending.planner.services import let_address_go
from sending.planner.states import EnrollmentState, StopReason
from tests.locks import somebody_waits_for_a_gate, somebody_waits_for_a_row
from tests.sending.outbox.plain import (
    Beside,
    Post,
    claim_all,
    make_post,
    wait_until,
)  # fmt: skip
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)
SILENT = FaultServer(port=1)  # nobody is asked
LATER = say(b"450 4.2.0 later\r\n")


def move_to(post: Post, address: str) -> None:
    edit_contact(post.people[0], {"email": address}, {})


def rcpts(server: FaultServer) -> list[str]:
    return [command for command in server.commands if command.startswith("RCPT")]


def defer_and_free() -> None:
    """Let the claimed messages wait for their next try, and nobody hold their mailboxes."""
    OutboundMessage.objects.update(state=MessageState.DEFERRED, lease_until=None, retry_at=Now() - timedelta(seconds=5))
    MailboxClock.objects.update(lease_owner=None, lease_until=None, look_at=Now())


# -- one address --
def test_a_retry_after_the_address_was_corrected_goes_where_its_message_says() -> None:
    with serving_in_thread(FaultServer({"rcpt": [LATER]})) as server:
        post = make_post(server, "Old")
        deliver()
        move_to(post, "new@y.test")
        make_due()
        deliver()
    assert rcpts(server) == ["RCPT TO:<Old@x.test>"] * 2
    (content,) = server.accepted
    assert b"\r\nTo: Old@x.test\r\n" in content
    assert (post.messages[0].state, post.messages[0].recipient) == (MessageState.SENT, "Old@x.test")


def test_the_follow_up_goes_to_the_corrected_address() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "old", steps=2)
        deliver()
        move_to(post, "new@y.test")
        make_due()
        deliver()
    assert rcpts(server) == ["RCPT TO:<old@x.test>", "RCPT TO:<new@y.test>"]


def test_an_unknown_address_that_was_corrected_meanwhile_is_suppressed_and_not_the_new_one() -> None:
    with serving_in_thread(FaultServer({"rcpt": [LATER, say(b"550 5.1.1 no such user\r\n")]})) as server:
        post = make_post(server, "old")
        deliver()
        move_to(post, "new@y.test")
        make_due()
        deliver()
    assert Suppression.objects.get().value == "old@x.test"


@pytest.mark.parametrize("address", ["old@x.test", "new@y.test"])
def test_a_suppression_of_the_old_or_the_new_address_ends_the_tries(address: str) -> None:
    with serving_in_thread(FaultServer({"rcpt": [LATER]})) as server:
        post = make_post(server, "old")
        deliver()
        move_to(post, "new@y.test")
        suppress(post.member.workspace, address, SuppressionReason.MANUAL)
        make_due()
        assert deliver() == 0
    assert len(rcpts(server)) == 1, "nobody is asked about an address that must not be written to"
    assert (post.messages[0].state, post.messages[0].reason) == (
        MessageState.CANCELLED,
        f"{address} is suppressed: manual.",
    )
    assert Enrollment.objects.get(messages=post.messages[0]).stop_reason == StopReason.SUPPRESSED


# -- gates of retries --
def test_a_schedule_without_windows_makes_a_retry_wait_and_stops_nobody() -> None:
    with serving_in_thread(FaultServer({"rcpt": [LATER]})) as server:
        post = make_post(server, "ada")
        deliver()
        SendWindow.objects.all().delete()
        make_due()
        assert deliver() == 0
    message = post.messages[0]
    assert (message.state, message.attempt_number) == (MessageState.DEFERRED, 1)
    assert "window" in message.reason
    assert post.enrollment_of("ada").state == EnrollmentState.SENDING


def test_a_message_of_an_address_that_rests_is_asked_again_within_the_hour_and_leaves_when_a_person_ends_it() -> None:
    with serving_in_thread(FaultServer({"rcpt": [LATER]})) as server:
        post = make_post(server, "ada")
        deliver()
        now, workspace = database_now(), post.member.workspace
        Pause.objects.create(
            workspace=workspace, scope="address", value="ada@x.test", words="It rests.", until=now + timedelta(days=30)
        )
        make_due()
        assert deliver() == 0
        message = post.messages[0]
        assert (message.state, message.reason) == (MessageState.DEFERRED, "It rests.")
        assert message.retry_at is not None
        assert message.retry_at - now < timedelta(hours=1, minutes=1)
        assert let_address_go(post.member, post.people[0])
        make_due()
        assert deliver() == 1


# -- locks --
def test_a_claim_that_calls_messages_off_meets_no_mark_of_both_workspaces_in_a_circle() -> None:
    first, second = sorted(
        (make_post(SILENT, "gone", slug="one"), make_post(SILENT, "gone", slug="two")),
        key=lambda post: post.member.workspace.pk,
    )
    claim_all()
    defer_and_free()
    for post in (first, second):
        suppress(post.member.workspace, "gone@x.test", SuppressionReason.MANUAL)
    OutboundMessage.objects.filter(campaign=second.campaign).update(retry_at=Now() - timedelta(seconds=20))
    owner, mailboxes = leases.lease_due(most=10)
    with transaction.atomic():  # what a mark does: the gates in order, then the clocks
        gate.hold_open([first.member.workspace.pk])
        claiming = Beside(lambda: claim(owner, mailboxes))
        wait_until(somebody_waits_for_a_gate)
        gate.hold_open([second.member.workspace.pk])
        MailboxClock.objects.update(failures=0)
        OutboundMessage.objects.filter(campaign=first.campaign).update(refusals=0)
    assert claiming.result() == []
    for post in (first, second):
        assert post.messages[0].state == MessageState.CANCELLED
        assert post.enrollment_of("gone").stop_reason == StopReason.SUPPRESSED


def test_who_calls_a_message_off_holds_its_sequence_only_with_it() -> None:
    post = make_post(SILENT, "gone")
    claim_all()
    defer_and_free()
    found = CalledOff(post.messages[0], "The address is suppressed.", stop=StopReason.SUPPRESSED)
    with transaction.atomic():  # what deleting the person does: the messages, then the sequences
        OutboundMessage.objects.select_for_update().get(campaign=post.campaign)
        calling = Beside(lambda: call_off([found], now=clock.now()))
        wait_until(somebody_waits_for_a_row)
        assert Enrollment.objects.select_for_update(nowait=True).get(campaign=post.campaign)
    calling.result()
    assert post.messages[0].state == MessageState.CANCELLED


def test_a_deletion_that_has_to_give_way_to_a_courier_is_tried_again() -> None:
    post = make_post(SILENT, "ada")
    claim_all()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # it is the deletion that finds the circle
        Enrollment.objects.select_for_update().get(campaign=post.campaign)
        deleting = Beside(lambda: delete_contacts(post.member.workspace, [post.people[0].pk]))
        wait_until(somebody_waits_for_a_row)  # it has deleted the message
        OutboundMessage.objects.filter(campaign=post.campaign).update(refusals=0)
    assert deleting.result() == 1


def test_what_is_called_off_takes_no_place_from_those_behind_it() -> None:
    post = make_post(SILENT, "gone", "ada", mailbox={"gap_min_s": 60, "gap_max_s": 60})
    (job,) = claim_all()
    assert job.recipient == "gone@x.test"
    defer_and_free()
    suppress(post.member.workspace, "gone@x.test", SuppressionReason.MANUAL)
    (job,) = claim_all()
    assert job.recipient == "ada@x.test"
    assert post.message_to("gone").state == MessageState.CANCELLED
