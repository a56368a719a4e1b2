"""Who wins when two things happen at once: a stop and a mark, two workers, a dead worker and its message."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.contacts.prints import prints_of
from campaigns.contacts.services import erase, suppress, suppress_rule
from campaigns.contacts.states import SuppressionReason
from outreach.kit import clock
from sending.imap import RawMail
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.services import pause as pause_mailbox
from sending.mailboxes.services import store_passwords
from sending.outbox import leases, tasks
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.services import confirm_sent
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.planner.services import pause, resume, stop
from sending.planner.states import EnrollmentState, StopReason
from sending.sandbox.world import SandboxWorld
from sending.smtp import Accepted, Deferred, Phase, Refused, Reply, Withdrawn
from tests.builders import (
    PASSWORD,
    make_contact,
    make_mailbox,
    make_member,
    make_running_campaign,
    make_sandbox_mailbox,
    make_suppression,
    make_workspace,
)
from tests.locks import somebody_waits_for_a_row
from tests.sending.outbox.plain import Beside, wait_until
from tests.sending.outbox.stage import Stage, deliver, make_due, make_stage

pytestmark = pytest.mark.django_db(transaction=True)


def claim_one() -> Job:
    owner, mailboxes = leases.lease_due(most=10)
    (job,) = claim(owner, mailboxes)
    return job


def end(job: Job, *, accepted: bool) -> bool:
    outcome = Accepted(Reply(250, "2.0.0", "OK")) if accepted else Withdrawn()
    (kept,) = record_results([Result(job, outcome, clock.now(), clock.now())])
    return kept


def lapse() -> None:
    """Let every lease run out, as if its worker had died."""
    in_hand = [MessageState.CLAIMED, MessageState.DOT_PENDING]
    OutboundMessage.objects.filter(state__in=in_hand).update(lease_until=Now() - timedelta(seconds=1))
    MailboxClock.objects.filter(lease_until__isnull=False).update(lease_until=Now() - timedelta(seconds=1))


def called_off(stage: Stage) -> None:
    with transaction.atomic():
        stop(stage.person, StopReason.REMOVED, detail="A person took it out.")


def suppressed(stage: Stage) -> None:
    suppress(stage.member.workspace, stage.contact.email, SuppressionReason.MANUAL)


def domain_suppressed(stage: Stage) -> None:
    suppress_rule(stage.member.workspace, "x.test", SuppressionReason.MANUAL)


def below_domain_suppressed(stage: Stage) -> None:
    suppress_rule(stage.member.workspace, "*@*.test", SuppressionReason.MANUAL)


def role_suppressed_everywhere(stage: Stage) -> None:
    suppress_rule(stage.member.workspace, f"{stage.contact.email.partition('@')[0]}@*", SuppressionReason.MANUAL)


def erased(stage: Stage) -> None:
    erase(stage.member, stage.contact, typed=stage.contact.email, why="Asked")


def known_by_its_print(stage: Stage) -> None:
    """Somebody with this address was erased, and came back by a way that asked nobody."""
    (print_, *_) = prints_of(stage.member.workspace.pk, stage.contact.email_key)
    make_suppression(stage.member.workspace, print_, scope="erased", reason=SuppressionReason.ERASED)


def campaign_paused(stage: Stage) -> None:
    pause(stage.member, stage.campaign)


def mailbox_paused(stage: Stage) -> None:
    pause_mailbox(stage.mailbox.pk, "A person paused it.")


def window_over(_stage: Stage) -> None:
    OutboundMessage.objects.update(not_after=Now())


@pytest.mark.parametrize(
    "change",
    [
        called_off,
        suppressed,
        domain_suppressed,
        below_domain_suppressed,
        role_suppressed_everywhere,
        erased,
        known_by_its_print,
        campaign_paused,
        mailbox_paused,
        window_over,
    ],
)
def test_what_changes_between_claim_and_mark_calls_the_message_back(
    world: SandboxWorld, change: Callable[[Stage], None]
) -> None:
    stage = make_stage(world, f"{change.__name__}+silent@mail.x.test")
    job = claim_one()
    change(stage)
    assert mark([job]) == [False]
    assert end(job, accepted=False)
    assert stage.message.state == (MessageState.CANCELLED if change in {called_off, erased} else MessageState.DEFERRED)
    assert stage.message.refusals == 0
    assert not Spending.objects.exists()


def test_a_paused_campaign_goes_on_with_the_same_message(world: SandboxWorld) -> None:
    stage = make_stage(world, "resumed+silent@x.test")
    job = claim_one()
    pause(stage.member, stage.campaign)
    assert mark([job]) == [False]
    end(job, accepted=False)
    make_due()
    lapse()
    assert deliver() == 0
    resume(stage.member, stage.campaign)
    make_due()
    assert deliver() == 1
    assert stage.accepted() == [stage.message.message_id]
    assert OutboundMessage.objects.count() == 1


def test_a_suppression_of_a_deferred_message_cancels_it_at_its_next_claim(world: SandboxWorld) -> None:
    stage = make_stage(world, "later+greylist@x.test")
    deliver()
    suppressed(stage)
    make_due()
    assert deliver() == 0
    assert stage.message.state == MessageState.CANCELLED
    assert stage.person.stop_reason == StopReason.SUPPRESSED
    assert not stage.accepted()


def test_a_reply_that_is_being_stored_makes_the_mark_wait_and_wins(world: SandboxWorld) -> None:
    stage = make_stage(world, "race+silent@x.test", steps=2)
    deliver()
    first = stage.message
    make_due()
    job = claim_one()
    marked: list[bool] = []

    def try_to_mark() -> None:
        try:
            marked.extend(mark([job]))
        finally:
            connection.close()

    raw = f"From: race+silent@x.test\r\nMessage-ID: <a@x.test>\r\nIn-Reply-To: {first.message_id}\r\n\r\nYes!\r\n"
    other = threading.Thread(target=try_to_mark)
    with transaction.atomic():
        assert take_in(stage.mailbox, RawMail(1, None, len(raw), raw.encode(), truncated=False))
        other.start()
        other.join(0.5)
        assert other.is_alive(), "the mark waits for the gate"
    other.join(10)
    assert marked == [False]
    end(job, accepted=False)
    assert stage.message.state == MessageState.CANCELLED
    assert stage.person.stop_reason == StopReason.REPLIED


def test_a_dead_worker_before_the_mark_costs_nothing(world: SandboxWorld) -> None:
    stage = make_stage(world, "before+silent@x.test")
    job = claim_one()
    lapse()
    assert sweep()["freed"] == 1
    assert (stage.message.state, stage.message.refusals) == (MessageState.DEFERRED, 0)
    assert mark([job]) == [False], "the dead worker wakes up: its lease is lost"
    assert not end(job, accepted=False)
    assert deliver() == 1
    assert stage.accepted() == [stage.message.message_id]
    assert stage.message.message_id in job.content.decode()


def test_a_freed_message_wakes_a_mailbox_that_was_put_to_sleep(world: SandboxWorld) -> None:
    stage = make_stage(world, "wakes+silent@x.test")
    claim_one()
    MailboxClock.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert deliver() == 0, "whoever takes the mailbox over finds nothing due"
    lapse()
    sweep()
    assert deliver() == 1
    assert stage.message.state == MessageState.SENT


def test_a_dead_worker_after_the_mark_leaves_a_doubt_that_is_never_resent(world: SandboxWorld) -> None:
    stage = make_stage(world, "after+silent@x.test", steps=2)
    job = claim_one()
    assert mark([job]) == [True]
    assert mark([job]) == [False], "a mark is set once"
    lapse()
    assert sweep()["in_doubt"] == 1
    make_due()
    assert deliver() == 0
    assert stage.message.state == MessageState.IN_DOUBT
    assert stage.person.state == EnrollmentState.SENDING
    assert Spending.objects.count() == 1


def test_a_late_answer_of_the_attempt_in_doubt_settles_it(world: SandboxWorld) -> None:
    stage = make_stage(world, "wakes-late+silent@x.test", steps=2)
    job = claim_one()
    assert mark([job]) == [True]
    lapse()
    sweep()
    assert end(job, accepted=True), "its worker was only asleep: the answer is proof"
    assert stage.message.state == MessageState.SENT
    assert stage.message.attempts.get().outcome == "accepted"
    assert (stage.person.state, stage.person.next_position) == (EnrollmentState.ACTIVE, 2)
    assert not end(job, accepted=True), "once"


def test_a_late_refusal_of_the_attempt_in_doubt_ends_it(world: SandboxWorld) -> None:
    stage = make_stage(world, "wakes-refused+silent@x.test", steps=2)
    job = claim_one()
    mark([job])
    lapse()
    sweep()
    refused = Refused(Phase.DOT, Reply(550, "5.7.1", "not wanted"))
    assert record_results([Result(job, refused, clock.now(), clock.now())]) == [True]
    assert stage.message.state == MessageState.FAILED
    assert stage.person.stop_reason == StopReason.REFUSED


def test_a_late_deferral_wakes_its_mailbox_which_was_put_to_sleep(world: SandboxWorld) -> None:
    stage = make_stage(world, "wakes-deferred+silent@x.test")
    job = claim_one()
    mark([job])
    lapse()
    sweep()
    make_due()
    assert deliver() == 0, "whoever takes the mailbox over finds nothing due"
    later = Deferred(Phase.DOT, Reply(451, "4.3.0", "not now"))
    assert record_results([Result(job, later, clock.now(), clock.now())]) == [True]
    message = stage.message
    assert message.state == MessageState.DEFERRED
    assert MailboxClock.objects.get().look_at == message.retry_at


def make_doubt(world: SandboxWorld, email: str) -> Stage:
    stage = make_stage(world, email, steps=2)
    assert mark([claim_one()]) == [True]
    lapse()
    sweep()
    return stage


def test_a_doubt_of_a_day_counts_as_sent_and_the_follow_up_goes_on(world: SandboxWorld) -> None:
    stage = make_doubt(world, "assumed+silent@x.test")
    assert sweep()["assumed_sent"] == 0
    OutboundMessage.objects.update(dot_at=Now() - timedelta(hours=25))
    assert sweep()["assumed_sent"] == 1
    first = stage.message
    assert first.state == MessageState.ASSUMED_SENT
    assert (stage.person.state, stage.person.next_position) == (EnrollmentState.ACTIVE, 2)
    make_due()
    assert deliver() == 1
    assert stage.message.in_reply_to == first.message_id


@pytest.mark.parametrize("assumed", [False, True])
def test_a_doubt_is_settled_once_by_what_names_it(world: SandboxWorld, *, assumed: bool) -> None:
    stage = make_doubt(world, f"proved{assumed}+silent@x.test")
    if assumed:
        OutboundMessage.objects.update(dot_at=Now() - timedelta(hours=25))
        sweep()
    with transaction.atomic():
        assert confirm_sent(stage.message.pk, evidence="a reply")
        assert not confirm_sent(stage.message.pk, evidence="a reply")
    assert stage.message.state == MessageState.SENT
    assert stage.message.sent_at == stage.message.dot_at
    assert (stage.person.state, stage.person.next_position) == (EnrollmentState.ACTIVE, 2)
    counts = stage.campaign.workspace.dailytally_set.filter(kind__in=["sent", "assumed_sent"])
    assert sum(row.count for row in counts) == 1, "one message counts as sent once"


def test_two_workers_on_the_same_mailboxes_deliver_each_message_once(world: SandboxWorld) -> None:
    member = make_member(make_workspace())
    mailboxes = tuple(
        make_sandbox_mailbox(member.workspace, world.info, f"me{number}@acme.test") for number in (55, 56, 57)
    )
    people = tuple(make_contact(member.workspace, f"both{number}+silent@x.test") for number in range(40))
    make_running_campaign(member, people, mailboxes)

    deadline = time.monotonic() + 50

    def work() -> None:
        try:
            while OutboundMessage.objects.filter(state=MessageState.SENT).count() < len(people):
                assert time.monotonic() < deadline, "some are left"
                deliver(work_s=0.3)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    taken = [row["recipient"] for row in world.accepted() if row["recipient"].startswith("both")]
    assert sorted(taken) == sorted(person.email for person in people)
    assert {row.state for row in OutboundMessage.objects.all()} == {MessageState.SENT}


def test_a_task_that_arrives_twice_does_nothing_the_second_time(world: SandboxWorld) -> None:
    stage = make_stage(world, "twice+silent@x.test", steps=2)
    owner, mailboxes = leases.lease_due(most=10)
    tasks.deliver(str(owner), mailboxes)
    make_due()
    tasks.deliver(str(owner), mailboxes)
    tasks.deliver(str(uuid4()), mailboxes)
    assert len(stage.accepted()) == 1, "the follow-up is due, and an old task does not send it"
    assert OutboundMessage.objects.count() == 1


def test_only_the_holder_of_the_lease_may_claim(world: SandboxWorld) -> None:
    make_stage(world, "holder+silent@x.test")
    _, mailboxes = leases.lease_due(most=10)
    assert claim(uuid4(), mailboxes) == []
    assert leases.lease_due(most=10)[1] == [], "a leased mailbox is not leased again"


def test_a_message_that_cannot_be_built_ends_alone(world: SandboxWorld) -> None:
    stage = make_stage(world, "good+silent@x.test")
    bad = make_contact(stage.member.workspace, "bad@x.test")
    type(bad).objects.filter(pk=bad.pk).update(email="no address at all")
    make_running_campaign(stage.member, (bad,), (stage.mailbox,), name="Broken")
    deliver()
    assert stage.accepted()
    broken = OutboundMessage.objects.get(contact=bad)
    assert broken.state == MessageState.FAILED
    assert broken.enrollment is not None
    assert broken.enrollment.stop_reason == StopReason.NOT_SENDABLE


def test_a_mailbox_gets_its_password_back_and_goes_on(world: SandboxWorld) -> None:
    stage = make_stage(world, "renewed+silent@x.test")
    secret = world.info.accounts[stage.mailbox.address]
    store_passwords(stage.mailbox, smtp=PASSWORD, imap=secret)
    deliver()
    assert stage.message.state == MessageState.DEFERRED
    store_passwords(stage.mailbox, smtp=secret, imap=secret)
    Mailbox.objects.update(state="active")
    make_due()
    deliver()
    assert stage.message.state == MessageState.SENT


def test_a_worker_that_keeps_its_leases_waits_for_its_own_claim_in_no_circle() -> None:
    member = make_member(make_workspace())
    first, second = (make_mailbox(member.workspace, f"me{n}@acme.example") for n in range(2))
    owner = uuid4()
    for box in (second, first):  # the rows lie in this order now, and a claim locks them in that of their ids
        MailboxClock.objects.filter(mailbox=box).update(lease_owner=owner, lease_until=Now())
    with transaction.atomic():
        clocks = MailboxClock.objects.select_for_update()
        clocks.get(mailbox=first)
        renewing = Beside(lambda: leases.renew(owner, [first.pk, second.pk], []))
        wait_until(somebody_waits_for_a_row)
        clocks.get(mailbox=second)
    renewing.result()
    assert MailboxClock.objects.filter(lease_until__gt=Now()).count() == 2
