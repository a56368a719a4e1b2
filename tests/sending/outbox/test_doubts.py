"""What a person may do about a doubt: say that it arrived, or have the very same message sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Campaign
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer, close, serving_in_thread
from sending.imap import RawMail
from sending.inbox.services import take_in
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.services import pause as pause_mailbox
from sending.outbox.doubts import NotAgain, SentAgain, send_again, settle_as_sent
from sending.outbox.jobs import Result
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.services import confirm_sent
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.planner.services import pause, stop
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Accepted, Refused, Reply
from sending.smtp.outcomes import Phase
from tests.builders import make_member, make_workspace
from tests.sending.outbox.plain import Beside, Post, claim_all, make_post
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)
LOST = close(takes=True)  # the server takes it, and dies before it has said so


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serving_in_thread(FaultServer({"dot": [LOST]})) as running:
        yield running


def in_doubt(server: FaultServer, *, steps: int = 2, assumed: bool = False) -> Post:
    """Write to Ada at a server that takes the message and dies before its answer."""
    post = make_post(server, "ada", steps=steps)
    deliver()
    assert post.message_to("ada").state == MessageState.IN_DOUBT
    if assumed:
        OutboundMessage.objects.update(dot_at=Now() - timedelta(hours=25))
        assert sweep()["assumed_sent"] == 1
    MailboxClock.objects.update(synced_at=Now(), backoff_until=None, look_at=Now())
    return post


def again(post: Post) -> SentAgain:
    return send_again(post.member, [one.pk for one in post.messages])


def ids(server: FaultServer) -> list[bytes]:
    """Return the Message-ID of each message that the server took."""
    return [line for mail in server.accepted for line in mail.splitlines() if line.startswith(b"Message-ID:")]


def told(post: Post, *kinds: str) -> list[tuple[str, str | None]]:
    rows = Event.objects.filter(message_id=post.messages[0].pk, kind__in=kinds).order_by("id")
    return [(row.kind, row.data.get("by")) for row in rows]


@pytest.mark.parametrize("assumed", [False, True])
@pytest.mark.parametrize("steps", [1, 2])
def test_what_is_sent_again_is_the_same_message_and_its_sequence_goes_on_from_there(
    server: FaultServer, *, steps: int, assumed: bool
) -> None:
    post = in_doubt(server, steps=steps, assumed=assumed)
    first = post.message_to("ada")
    assert again(post) == SentAgain(1, {})
    waiting = post.message_to("ada")
    assert (waiting.state, waiting.message_id) == (MessageState.DEFERRED, first.message_id)
    assert post.enrollment_of("ada").state == EnrollmentState.SENDING
    deliver()
    message, person = post.message_to("ada"), post.enrollment_of("ada")
    assert message.state == MessageState.SENT
    assert (message.attempt_number, message.attempt != first.attempt) == (2, True)
    assert len(ids(server)) == 2
    assert set(ids(server)) == {f"Message-ID: {first.message_id}".encode()}
    assert person.state == (EnrollmentState.ACTIVE if steps == 2 else EnrollmentState.FINISHED)
    assert (person.next_position, person.last_sent_at) == (2, message.sent_at)
    assert told(post, "sent_again", "sent") == [("sent_again", post.member.user.email), ("sent", None)]
    assert Spending.objects.count() == 2


def stopped(post: Post) -> None:
    with transaction.atomic():
        stop(post.enrollment_of("ada"), StopReason.REMOVED)


def suppressed(post: Post) -> None:
    suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)


def answered(post: Post) -> None:
    """She answers in a mail of her own, which names no message of ours."""
    raw = b"From: ada@x.test\r\nMessage-ID: <a@x.test>\r\nSubject: Your mail\r\n\r\nPlease call me.\r\n"
    take_in(post.mailbox, RawMail(1, clock.now(), len(raw), raw, truncated=False))


@pytest.mark.parametrize("change", [stopped, suppressed, answered])
def test_a_stop_calls_off_the_second_copy_and_the_first_one_counts_as_sent(
    server: FaultServer, change: Callable[[Post], None]
) -> None:
    post = in_doubt(server)
    again(post)
    change(post)
    deliver()
    sweep()
    assert len(server.accepted) == 1
    assert post.message_to("ada").state == MessageState.ASSUMED_SENT
    assert post.enrollment_of("ada").state == EnrollmentState.STOPPED
    assert [kind for kind, _ in told(post, "cancelled", "sent_again")] == ["sent_again", "cancelled"]


def test_a_stop_between_claim_and_mark_calls_it_off_too(server: FaultServer) -> None:
    post = in_doubt(server)
    again(post)
    (job,) = claim_all()
    stopped(post)
    assert mark([job]) == [False]
    OutboundMessage.objects.update(lease_until=Now() - timedelta(seconds=1))
    sweep()
    sweep()
    assert post.message_to("ada").state == MessageState.ASSUMED_SENT


def campaign_paused(post: Post) -> None:
    pause(post.member, post.campaign)


def mailbox_paused(post: Post) -> None:
    pause_mailbox(post.mailbox.pk, "A person paused it.")


def budget_spent(_post: Post) -> None:
    Mailbox.objects.update(daily_limit=1)


def window_shut(post: Post) -> None:
    post.campaign.windows.update(start_minute=0, end_minute=1)
    post.campaign.windows.filter(weekday=clock.now().isoweekday()).delete()


def not_read(_post: Post) -> None:
    MailboxClock.objects.update(synced_at=Now() - timedelta(hours=1))


@pytest.mark.parametrize("change", [campaign_paused, mailbox_paused, budget_spent, window_shut, not_read])
def test_it_waits_at_every_gate_as_any_other_message(server: FaultServer, change: Callable[[Post], None]) -> None:
    post = in_doubt(server)
    change(post)
    assert again(post).count == 1
    deliver()
    assert len(server.accepted) == 1
    assert post.message_to("ada").state == MessageState.DEFERRED


def test_it_is_refused_when_a_later_step_is_under_way(server: FaultServer) -> None:
    post = in_doubt(server, assumed=True)
    make_due()
    deliver()
    first, second = post.messages
    assert second.state == MessageState.SENT
    before = post.enrollment_of("ada").state
    assert send_again(post.member, [first.pk]) == SentAgain(0, {NotAgain.GONE_ON: 1})
    assert post.messages[0].state == MessageState.ASSUMED_SENT
    assert post.enrollment_of("ada").state == before


def archived(_post: Post) -> None:
    Campaign.objects.update(state="archived")


def settled(post: Post) -> None:
    settle_as_sent(post.member, [post.messages[0].pk])


@pytest.mark.parametrize(
    ("change", "why"),
    [(stopped, NotAgain.CALLED_OFF), (archived, NotAgain.CLOSED), (settled, NotAgain.NO_DOUBT)],
)
def test_it_is_refused_when_it_could_never_leave(
    server: FaultServer, change: Callable[[Post], None], why: NotAgain
) -> None:
    post = in_doubt(server)
    change(post)
    assert again(post) == SentAgain(0, {why: 1})
    assert post.message_to("ada").again_at is None
    assert not told(post, "sent_again")


def test_only_members_of_its_workspace_decide(server: FaultServer) -> None:
    post = in_doubt(server)
    viewer = make_member(post.member.workspace, Role.VIEWER)
    stranger = make_member(make_workspace("other"))
    wanted = [post.messages[0].pk]
    for act in (send_again, settle_as_sent):
        with pytest.raises(PermissionDenied):
            act(viewer, wanted)
    assert send_again(stranger, wanted) == SentAgain(0, {})
    assert settle_as_sent(stranger, wanted) == 0
    assert post.message_to("ada").state == MessageState.IN_DOUBT


def test_two_persons_at_once_have_it_sent_again_once(server: FaultServer) -> None:
    post = in_doubt(server)
    both = [Beside(lambda: again(post)) for _ in range(2)]
    answers = [one.result() for one in both]
    assert sorted(one.count for one in answers) == [0, 1]
    assert len(told(post, "sent_again")) == 1
    deliver()
    assert len(server.accepted) == 2


def test_a_lost_answer_to_the_second_copy_is_a_doubt_again_and_nothing_leaves_by_itself() -> None:
    with serving_in_thread(FaultServer({"dot": [LOST, LOST]})) as server:
        post = in_doubt(server)
        again(post)
        deliver()
        make_due()
        deliver()
    assert post.message_to("ada").state == MessageState.IN_DOUBT
    assert len(server.accepted) == 2


# -- proof that comes while it waits --
def test_proof_of_the_first_copy_calls_the_second_one_off(server: FaultServer) -> None:
    post = in_doubt(server)
    again(post)
    (job,) = claim_all()
    with transaction.atomic():
        assert confirm_sent(job.letter.pk, evidence="a copy in the Sent folder")
    assert mark([job]) == [False]
    assert post.message_to("ada").state == MessageState.SENT
    assert post.enrollment_of("ada").next_position == 2


def test_a_word_that_it_arrived_takes_sent_again_back(server: FaultServer) -> None:
    post = in_doubt(server)
    again(post)
    assert settle_as_sent(post.member, [post.messages[0].pk]) == 1
    deliver()
    assert post.message_to("ada").state == MessageState.SENT
    assert len(server.accepted) == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_a_late_answer_of_the_first_attempt_counts_only_as_proof(*, accepted: bool) -> None:
    """Its worker was asleep behind the dot; a refusal it brings changes nothing: it is being sent again anyway."""
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", steps=2)
        (job,) = claim_all()
        assert mark([job]) == [True]
        OutboundMessage.objects.update(lease_until=Now() - timedelta(seconds=1))
        MailboxClock.objects.update(lease_until=None, lease_owner=None, synced_at=Now(), look_at=Now())
        assert sweep()["in_doubt"] == 1
        again(post)
        reply = Reply(250, "2.0.0", "OK") if accepted else Reply(550, "5.7.1", "Not wanted")
        outcome = Accepted(reply) if accepted else Refused(Phase.DOT, reply)
        assert record_results([Result(job, outcome, clock.now(), clock.now())]) == [accepted]
        deliver()
    assert post.message_to("ada").state == MessageState.SENT
    assert len(server.accepted) == (0 if accepted else 1)
    assert post.enrollment_of("ada").state == EnrollmentState.ACTIVE


def test_a_late_answer_of_the_first_attempt_calls_off_the_second_one_that_has_not_left() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", steps=2)
        (first,) = claim_all()
        assert mark([first]) == [True]
        OutboundMessage.objects.update(lease_until=Now() - timedelta(seconds=1))
        MailboxClock.objects.update(lease_until=None, lease_owner=None, synced_at=Now(), look_at=Now())
        assert sweep()["in_doubt"] == 1
        again(post)
        (second,) = claim_all()
        record_results([Result(first, Accepted(Reply(250, "2.0.0", "OK")), clock.now(), clock.now())])
        assert mark([second]) == [False]
        row = post.message_to("ada")
        assert (row.state, row.reason) == (MessageState.SENT, "Proved by: the late answer to an earlier try")
        assert post.enrollment_of("ada").next_position == 2


# -- it arrived --
@pytest.mark.parametrize("assumed", [False, True])
def test_a_persons_word_settles_a_doubt_and_stands_in_the_log(server: FaultServer, *, assumed: bool) -> None:
    post = in_doubt(server, assumed=assumed)
    wanted = [post.messages[0].pk]
    due_at = post.enrollment_of("ada").due_at
    assert settle_as_sent(post.member, wanted) == 1
    assert settle_as_sent(post.member, wanted) == 0
    message, person = post.message_to("ada"), post.enrollment_of("ada")
    assert (message.state, message.sent_at) == (MessageState.SENT, message.dot_at)
    assert post.member.user.email in message.reason
    assert (person.state, person.next_position) == (EnrollmentState.ACTIVE, 2)
    assert person.due_at == due_at or not assumed, "what went on already does not wait anew"
    by = ("settled", post.member.user.email)
    assert told(post, "sent", "settled") == ([by] if assumed else [("sent", None), by])


def test_what_the_connection_said_stays_readable_after_a_day(server: FaultServer) -> None:
    post = in_doubt(server, assumed=True)
    reason = post.message_to("ada").reason
    assert reason.startswith("In doubt for a day, without evidence against it. The answer was lost")
