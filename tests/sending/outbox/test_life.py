"""The life of a message, from launch to its end, against the real database and the sandbox's real servers."""

from __future__ import annotations

import pytest

from campaigns.contacts.models import Suppression
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.services import store_passwords
from sending.outbox.models import Attempt
from sending.outbox.states import MessageState
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.sandbox.world import SandboxWorld
from tests.builders import make_contact, make_member, make_running_campaign, make_sandbox_mailbox, make_workspace
from tests.sending.outbox.stage import Stage, deliver, make_due, make_stage, read_until

pytestmark = pytest.mark.django_db(transaction=True)


def counted(stage: Stage) -> dict[EventKind, int]:
    return {kind: count for kind, count in totals(stage.member.workspace.pk).items() if count}


def test_an_accepted_message_is_sent_and_ends_its_sequence(world: SandboxWorld) -> None:
    stage = make_stage(world, "accepted+silent@x.test")
    assert deliver() == 1
    assert stage.message.state == MessageState.SENT
    assert stage.message.sent_at is not None
    assert stage.accepted() == [stage.message.message_id]
    assert stage.person.state == EnrollmentState.FINISHED
    assert counted(stage) == {
        EventKind.LAUNCHED: 1, EventKind.ATTEMPTED: 1, EventKind.SENT: 1, EventKind.FINISHED: 1,
    }  # fmt: skip
    assert Spending.objects.filter(mailbox=stage.mailbox, is_new_lead=True).count() == 1


def test_an_unknown_address_fails_is_suppressed_and_ends_the_sequence(world: SandboxWorld) -> None:
    stage = make_stage(world, "unknown+refuse@x.test", steps=2)
    deliver()
    assert (stage.message.state, stage.message.reply_code) == (MessageState.FAILED, 550)
    assert (stage.person.state, stage.person.stop_reason) == (EnrollmentState.STOPPED, StopReason.BOUNCED)
    assert Suppression.objects.get().value == stage.contact.email_key
    assert Spending.objects.count() == 1, "dead addresses are tried no faster than good ones"
    assert counted(stage)[EventKind.BOUNCED_HARD] == 1


def test_a_refusal_by_policy_fails_and_suppresses_nobody(world: SandboxWorld) -> None:
    stage = make_stage(world, "policy+policy@x.test")
    deliver()
    assert stage.message.state == MessageState.FAILED
    assert (stage.person.state, stage.person.stop_reason) == (EnrollmentState.STOPPED, StopReason.REFUSED)
    assert not Suppression.objects.exists()
    assert EventKind.BOUNCED_HARD not in counted(stage)


def test_a_full_mailbox_is_tried_again_a_day_later_and_given_up_at_the_third_time(world: SandboxWorld) -> None:
    stage = make_stage(world, "full+full@x.test")
    deliver()
    message = stage.message
    assert (message.state, message.refusals) == (MessageState.DEFERRED, 1)
    assert message.retry_at is not None
    assert 23 <= (message.retry_at - message.created_at).total_seconds() / 3600 <= 25
    assert deliver() == 0, "nothing is due before the wait is over"
    for _ in range(2):
        make_due()
        deliver()
    assert (stage.message.state, stage.message.refusals) == (MessageState.FAILED, 3)
    assert stage.person.stop_reason == StopReason.OUT_OF_TRIES
    assert not Suppression.objects.exists()


def test_a_greylisted_message_is_the_same_message_at_its_second_try(world: SandboxWorld) -> None:
    stage = make_stage(world, "grey+greylist@x.test")
    deliver()
    first = stage.message
    assert first.state == MessageState.DEFERRED
    make_due()
    deliver()
    assert stage.message.state == MessageState.SENT
    assert stage.accepted() == [first.message_id]
    assert list(Attempt.objects.order_by("number").values_list("number", "outcome")) == [
        (1, "deferred"),
        (2, "accepted"),
    ]


def test_a_wrong_password_asks_for_a_sign_in_once_and_charges_nobody(world: SandboxWorld) -> None:
    member = make_member(make_workspace())
    mailbox = make_sandbox_mailbox(member.workspace, world.info, "me59@acme.test")
    store_passwords(mailbox, smtp="wrong", imap="wrong")
    people = tuple(make_contact(member.workspace, f"pw{n}+silent@x.test") for n in range(5))
    campaign = make_running_campaign(member, people, (mailbox,))
    deliver()
    mailbox.refresh_from_db()
    assert mailbox.state == "needs_sign_in"
    assert "535" in mailbox.state_reason
    rows = list(campaign.messages.all())
    assert {(row.state, row.refusals) for row in rows} == {(MessageState.DEFERRED, 0)}
    assert Attempt.objects.filter(outcome="refused").count() == 1, "a wrong password is tried once, not once a message"
    assert not Spending.objects.exists()
    assert totals(member.workspace.pk)[EventKind.MAILBOX_PAUSED] == 1


def test_an_unreachable_server_backs_the_mailbox_off_once_for_all_its_messages(world: SandboxWorld) -> None:
    member = make_member(make_workspace())
    mailbox = make_sandbox_mailbox(member.workspace, world.info, "me58@acme.test", smtp_port=1)
    people = tuple(make_contact(member.workspace, f"far{n}+silent@x.test") for n in range(5))
    campaign = make_running_campaign(member, people, (mailbox,))
    deliver()
    clock = MailboxClock.objects.get(mailbox=mailbox)
    assert clock.failures == 1
    assert clock.backoff_until is not None
    assert "could not be reached" in clock.backoff_words
    assert {(row.state, row.refusals) for row in campaign.messages.all()} == {(MessageState.DEFERRED, 0)}
    assert deliver() == 0, "the mailbox is left alone"
    Mailbox.objects.update(smtp_port=world.info.smtps_port)
    make_due()
    deliver()
    assert {row.state for row in campaign.messages.all()} == {MessageState.SENT}
    rested = MailboxClock.objects.get(mailbox=mailbox)
    assert (rested.failures, rested.backoff_until) == (0, None)


def test_a_follow_up_answers_in_the_same_thread_from_the_same_mailbox(world: SandboxWorld) -> None:
    stage = make_stage(world, "thread+silent@x.test", steps=3)
    made = []
    for _ in range(3):
        make_due()
        deliver()
        made.append(stage.message)
    first, second, third = made
    assert [row.subject for row in made] == ["Hello", "Re: Hello", "Re: Hello"]
    assert (second.in_reply_to, second.references) == (first.message_id, first.message_id)
    assert (third.in_reply_to, third.references) == (second.message_id, f"{first.message_id} {second.message_id}")
    assert {row.mailbox_id for row in made} == {stage.mailbox.pk}
    assert stage.accepted() == [row.message_id for row in made]
    assert stage.person.state == EnrollmentState.FINISHED
    assert list(Spending.objects.order_by("id").values_list("is_new_lead", flat=True)) == [True, False, False]


def test_a_follow_up_waits_for_its_day_and_for_a_fresh_reading_of_the_mailbox(world: SandboxWorld) -> None:
    stage = make_stage(world, "fresh+silent@x.test", steps=2)
    deliver()
    assert stage.person.due_at is not None
    assert 23 <= (stage.person.due_at - stage.message.sent_at).total_seconds() / 3600 <= 25  # type: ignore[operator]
    make_due()
    MailboxClock.objects.update(synced_at=None)
    assert deliver() == 0
    assert stage.person.state == EnrollmentState.ACTIVE
    assert with_reasons(Enrollment.objects.filter(pk=stage.person.pk)).get().why_code == "sync_stale"
    make_due()
    assert deliver() == 1


def test_a_reply_stops_the_sequence_before_its_follow_up(world: SandboxWorld) -> None:
    stage = make_stage(world, "answers+reply@x.test", steps=2)
    deliver()
    read_until(stage.mailbox, lambda: stage.person.state == EnrollmentState.STOPPED)
    assert stage.person.stop_reason == StopReason.REPLIED
    make_due()
    assert deliver() == 0
    assert len(stage.accepted()) == 1
    assert counted(stage)[EventKind.REPLIED] == 1


def test_an_absence_postpones_the_follow_up_and_stops_nothing(world: SandboxWorld) -> None:
    stage = make_stage(world, "away+ooo@x.test", steps=2)
    deliver()
    before = stage.person.due_at
    read_until(stage.mailbox, lambda: stage.person.hold_code == "absent")
    assert stage.person.state == EnrollmentState.ACTIVE
    assert stage.person.due_at > before  # type: ignore[operator]
    assert counted(stage)[EventKind.AUTO_REPLIED] == 1


@pytest.mark.parametrize(
    ("tag", "stop", "event"),
    [
        ("bounce", StopReason.BOUNCED, EventKind.BOUNCED_HARD),
        ("optout", StopReason.OPTED_OUT, EventKind.OPTED_OUT),
        ("complain", StopReason.COMPLAINED, EventKind.COMPLAINED),
    ],
)
def test_who_cannot_or_does_not_want_to_be_reached_is_suppressed_in_every_campaign(
    world: SandboxWorld, tag: str, stop: StopReason, event: EventKind
) -> None:
    stage = make_stage(world, f"never+{tag}@x.test", steps=2)
    other_mailbox = make_sandbox_mailbox(stage.member.workspace, world.info, f"me{50 + len(tag)}@acme.test")
    deliver()
    other = make_running_campaign(stage.member, (stage.contact,), (other_mailbox,), name="Another")
    read_until(stage.mailbox, lambda: stage.person.state == EnrollmentState.STOPPED)
    assert stage.person.stop_reason == stop
    assert Suppression.objects.get().value == stage.contact.email_key
    assert counted(stage)[event] == counted(stage)[EventKind.SUPPRESSED] == 1
    assert other.enrollments.get().state == EnrollmentState.STOPPED
    make_due()
    deliver()
    assert len(stage.accepted()) == 1


def test_every_behaviour_at_once_adds_up(world: SandboxWorld) -> None:
    tags = ("silent", "reply", "refuse", "policy", "full", "greylist", "bounce", "ooo", "optout", "complain")
    stage = make_stage(world, "adds0+silent@x.test")
    people = tuple(make_contact(stage.member.workspace, f"adds+{tag}@y.test") for tag in tags)
    campaign = make_running_campaign(stage.member, people, (stage.mailbox,), name="All")
    deliver()
    states = [row.state for row in campaign.messages.all()]
    assert len(states) == campaign.enrollments.count() == len(tags)
    assert sorted(states) == sorted([MessageState.SENT] * 6 + [MessageState.FAILED] * 2 + [MessageState.DEFERRED] * 2)
    deferred = {kind: count for kind, count in counted(stage).items() if kind in {EventKind.SENT, EventKind.DEFERRED}}
    assert deferred == {EventKind.SENT: 7, EventKind.DEFERRED: 2}
