"""What only a dead courier's journal knows is settled as its worker would have done; nothing is ever sent for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.services import delete_contacts, lift
from campaigns.sequences.models import Campaign, Step, Variant
from outreach.kit import loops
from outreach.kit.stopping import Bell
from sending.chaos.faultsmtpd import Act, FaultServer, hang, say, serving_in_thread
from sending.guard.models import Stranger
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.outbox import courier, leases, recovery, scribe, tasks
from sending.outbox.courier import Courier
from sending.outbox.doubts import send_again
from sending.outbox.marks import mark
from sending.outbox.models import Attempt
from sending.outbox.recovery import KEPT, recall, recover
from sending.outbox.scribe import Journal
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.outbox.witness import Witness
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_contact, make_running_campaign
from tests.sending.outbox.plain import Beside, Post, claim_all, make_post, wait_until
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.outbox.test_journal import files_no_bigger_than
from tests.sending.outbox.test_races import lapse

pytestmark = pytest.mark.django_db(transaction=True)
YES, NO, LATER = (say(raw) for raw in (b"250 2.0.0 taken\r\n", b"550 5.1.1 no such user\r\n", b"451 4.3.0 not now\r\n"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journals"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    journal = Journal(folder, "")
    yield journal
    journal.close()


def send(journal: Journal | None, *, work_s: float = 2.0) -> int:
    mine, held = leases.take_over(*leases.lease_due(most=10))
    return loops.run(Courier(mine, held, work_s=work_s, journal=journal).run())


def send_and_die(folder: Path, answer: Act, monkeypatch: pytest.MonkeyPatch, *names: str, steps: int = 1) -> Post:
    """Send to the people; the worker is gone before anything of it is written down in the database."""

    def die(_results: object) -> list[bool]:
        raise ValueError("the worker is gone")

    journal = Journal(folder, "")
    with serving_in_thread(FaultServer({"dot": answer})) as server, monkeypatch.context() as patch:
        post = make_post(server, *names, steps=steps)
        patch.setattr(courier, "record_results", die)
        patch.setattr(courier, "_RECORD_RETRY_S", ())
        send(journal)
        assert len(server.accepted) == (len(names) if answer is YES else 0)
    journal.close()
    return post


def states(post: Post) -> list[str]:
    return [row.state for row in post.messages]


# -- an answer that was read and not written down --
def test_what_was_accepted_and_not_recorded_is_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada", "bob", steps=2)
    assert states(post) == [MessageState.DOT_PENDING] * 2
    assert recover(folder) == {"record": 2}
    assert states(post) == [MessageState.SENT] * 2
    first = post.messages[0]
    assert (first.reply_code, first.reply_text) == (250, "taken")
    assert first.attempts.get().outcome == "accepted"
    person = post.enrollment_of("ada")
    assert (person.state, person.next_position) == (EnrollmentState.ACTIVE, 2)
    assert Spending.objects.count() == 2, "charged at the mark, and once"
    kinds = Event.objects.filter(message_id=first.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [EventKind.ATTEMPTED, EventKind.SENT], "no doubt was ever told"


def test_a_refusal_that_was_not_recorded_ends_as_its_worker_would_have_ended_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, NO, monkeypatch, "ada")
    recover(folder)
    assert states(post) == [MessageState.FAILED]
    assert post.enrollment_of("ada").stop_reason == StopReason.BOUNCED
    assert Suppression.objects.get().value == "ada@x.test"


def test_a_deferral_that_was_not_recorded_is_tried_again_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, LATER, monkeypatch, "ada")
    recover(folder)
    row = post.messages[0]
    assert (row.state, row.refusals, row.reason) == (MessageState.DEFERRED, 1, "451 not now")


def test_the_journal_settles_what_the_sweeper_has_called_in_doubt(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    lapse()
    assert sweep()["in_doubt"] == 1
    recover(folder)
    assert states(post) == [MessageState.SENT]


def test_the_sweep_asks_the_journals_before_it_doubts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    lapse()
    monkeypatch.setattr("sending.outbox.sweeper.env", lambda: Folders(folder))
    counts = sweep()
    assert (counts["told_by_journals"], counts["in_doubt"]) == (1, 0)
    assert states(post) == [MessageState.SENT]


@dataclass(frozen=True)
class Folders:
    """The settings that the sweeper asks for."""

    journal_dir: Path


def leave_in_the_air(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Send a message whose answer does not come while its worker lives."""
    bell = Bell()
    with serving_in_thread(FaultServer({"dot": hang()})) as server, monkeypatch.context() as patch:
        patch.setattr(courier, "LAST_ANSWERS_S", 0.1)
        post = make_post(server, "ada", steps=2)
        mine, held = leases.take_over(*leases.lease_due(most=10))
        working = Beside(lambda: loops.run(Courier(mine, held, journal=journal, bell=bell).run()))
        wait_until(lambda: states(post) == [MessageState.DOT_PENDING])
        bell.ring()
        working.result(10)
    bell.close()
    return post


def test_what_left_and_was_never_answered_stays_a_doubt(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = leave_in_the_air(journal, monkeypatch)
    journal.close()
    assert recover(folder) == {}
    assert states(post) == [MessageState.DOT_PENDING], "its lease decides when it is in doubt"
    assert not list(folder.glob("*.journal")), "the journal has said what it knows"


# -- a database that knows less than the journal --
def forget_the_mark(post: Post, state: MessageState) -> None:
    """Put the rows back to what they were before the mark, as an older copy of the database has them."""
    Attempt.objects.all().delete()
    Spending.objects.all().delete()
    columns = (
        {"retry_at": Now(), "lease_until": None} if state is MessageState.DEFERRED else {"lease_until": Now() + LATE}
    )
    post.campaign.messages.update(state=state, dot_at=None, **columns)


LATE = timedelta(minutes=5)


@pytest.mark.parametrize("state", [MessageState.CLAIMED, MessageState.DEFERRED])
def test_a_mark_that_the_database_has_lost_is_a_doubt_and_never_a_second_mail(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, state: MessageState
) -> None:
    post = leave_in_the_air(journal, monkeypatch)
    journal.close()
    forget_the_mark(post, state)
    assert recover(folder) == {"doubt": 1}
    row = post.messages[0]
    assert (row.state, row.reason) == (
        MessageState.IN_DOUBT,
        "An older copy of the database was put back: a courier's journal says that it had left.",
    )
    assert row.dot_at is not None
    spent = Spending.objects.get()
    assert spent.mailbox == post.mailbox, "the mailbox did send it"
    about = (spent.workspace_id, spent.campaign_id, spent.contact_id, spent.domain, spent.receiver)
    throttled = (post.member.workspace.pk, post.campaign.pk, post.people[0].pk, "x.test", "other")
    assert about == throttled, "and it counts towards the limits of campaign, company and provider"
    make_due()
    assert deliver() == 0
    assert post.enrollment_of("ada").state == EnrollmentState.SENDING


def test_a_lost_mark_whose_answer_is_known_is_no_doubt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    forget_the_mark(post, MessageState.DEFERRED)
    assert recover(folder) == {"doubt": 1}
    assert states(post) == [MessageState.SENT]


def killed(_jobs: object) -> list[bool]:
    raise ValueError("killed")


def test_a_mark_that_was_asked_for_and_nothing_more_is_tried_again(folder: Path, journal: Journal) -> None:
    """A process that is killed between the two has sent nothing; where the database is older, nobody knows."""
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        (job,) = claim_all()
        with pytest.raises(ValueError, match="killed"):
            Witness(journal).mark([job], killed)
        journal.close()
        assert recover(folder) == {}
        assert states(post) == [MessageState.CLAIMED]
        assert recall(folder) == {"doubt": 1}
        assert states(post) == [MessageState.IN_DOUBT]


def test_messages_that_the_database_has_lost_are_put_back_and_their_sequences_go_on_from_there(
    folder: Path, journal: Journal
) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob", steps=2)
        people = {row.pk: (row.state, row.next_position, row.due_at) for row in post.campaign.enrollments.all()}
        send(journal)
        make_due()
        send(journal)
        assert len(server.accepted) == 4
        before = [(row.message_id, row.subject, row.recipient) for row in post.messages]
        # The backup was made just after the launch.
        post.campaign.messages.all().delete()
        Event.objects.exclude(kind=EventKind.LAUNCHED).delete()
        Spending.objects.all().delete()
        for pk, (state, position, due_at) in people.items():
            post.campaign.enrollments.filter(pk=pk).update(
                state=state, next_position=position, due_at=due_at, ended_at=None, last_sent_at=None, mailbox=None
            )
        assert recall(folder) == {"make": 4}, "the journal is that of a courier who still lives"
        assert recall(folder) == {}, "once"
        assert sorted((row.message_id, row.subject, row.recipient) for row in post.messages) == sorted(before)
        assert states(post) == [MessageState.SENT] * 4
        assert {row.state for row in post.campaign.enrollments.all()} == {EnrollmentState.FINISHED}
        assert Spending.objects.count() == 4
        make_due()
        assert deliver() == 0
        assert len(server.accepted) == 4


def test_a_lost_step_without_an_answer_keeps_its_person_waiting(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = leave_in_the_air(journal, monkeypatch)
    post.campaign.messages.all().delete()
    post.campaign.enrollments.update(state=EnrollmentState.ACTIVE, due_at=Now())
    assert recall(folder) == {"make": 1}
    assert states(post) == [MessageState.IN_DOUBT]
    assert post.enrollment_of("ada").state == EnrollmentState.SENDING
    make_due()
    assert deliver() == 0


def test_a_step_that_was_claimed_anew_after_the_restore_is_not_sent_again(folder: Path, journal: Journal) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        send(journal)
        was = post.messages[0].message_id
        post.campaign.messages.all().delete()
        post.campaign.enrollments.update(
            state=EnrollmentState.ACTIVE, due_at=Now(), ended_at=None, next_position=1, mailbox=None
        )
        make_due()
        (job,) = claim_all()
        assert job.letter.message_id != was
        assert recall(folder) == {"make": 1}
        assert mark([job]) == [False]
        assert [(row.message_id, row.state) for row in post.messages] == [(was, MessageState.SENT)]
        assert len(server.accepted) == 1


def test_a_person_whom_the_database_does_not_know_is_counted_and_nobody_else_takes_the_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada", "bob")
    post.campaign.messages.all().delete()
    delete_contacts(post.member.workspace, [post.people[0].pk])
    Contact.objects.filter(pk=post.people[1].pk).update(email="eve@x.test", email_key="eve@x.test")
    assert recover(folder) == {"unknown": 2}
    assert not post.messages


def come_anew(post: Post, *names: str) -> Campaign:
    """Import people into a database that was put back, and launch a campaign to them."""
    MailboxClock.objects.update(lease_owner=None, lease_until=None)
    people = tuple(make_contact(post.member.workspace, f"{name}@x.test") for name in names)
    return make_running_campaign(post.member, people, (post.mailbox,), name="Anew")


def test_whoever_was_written_to_and_is_imported_anew_is_suppressed_until_a_person_lifts_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada", "bob")
    delete_contacts(post.member.workspace, [person.pk for person in post.people])
    assert recall(folder) == {"unknown": 2}
    assert recall(folder) == {"unknown": 2}
    assert Stranger.objects.count() == 2
    with serving_in_thread(FaultServer()) as server:
        Mailbox.objects.update(smtp_port=server.port)
        campaign = come_anew(post, "ada", "eve")
        make_due()
        deliver()
        assert len(server.accepted) == 1
        assert b"eve@x.test" in server.accepted[0]
        skipped = campaign.enrollments.get(state=EnrollmentState.SKIPPED)
        assert skipped.stop_detail.startswith("A message left for ada@x.test on ")
        row = Suppression.objects.get()
        assert (row.value, row.reason, row.evidence) == ("ada@x.test", "lost_history", skipped.stop_detail)
        assert Stranger.objects.count() == 1, "who has not come back is still waited for"
        lift(post.member, row, why="She asked for it.")
        again = make_running_campaign(post.member, (skipped.contact,), (post.mailbox,), name="By a person's word")
        make_due()
        deliver()
        assert again.messages.get().state == MessageState.SENT


def test_a_lost_step_that_the_database_does_not_know_stops_the_sequence_of_whoever_had_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    post.campaign.messages.all().delete()
    post.campaign.enrollments.update(state=EnrollmentState.ACTIVE, due_at=Now(), next_position=1, mailbox=None)
    Variant.objects.all().delete()
    step = Step.objects.get()
    Variant.objects.create(
        step=Step.objects.create(campaign=post.campaign, position=2), label="A", subject="New", body_text="Text"
    )
    step.delete()
    assert recall(folder) == {"unknown": 1}
    make_due()
    assert deliver() == 0
    assert post.enrollment_of("ada").stop_reason == "suppressed"


def test_who_was_refused_for_good_is_no_stranger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, NO, monkeypatch, "ada")
    delete_contacts(post.member.workspace, [post.people[0].pk])
    recall(folder)
    assert not Stranger.objects.exists()


def test_a_person_whose_step_has_another_message_by_now_is_not_unknown(folder: Path, journal: Journal) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        send(journal)
    post.campaign.messages.update(message_id="<another@acme.test>")
    assert recall(folder) == {}
    assert not Stranger.objects.exists()


# -- files --
def test_the_journal_of_a_living_process_is_left_alone(folder: Path, journal: Journal) -> None:
    with serving_in_thread(FaultServer()) as server:
        make_post(server, "ada")
        send(journal)
    assert recover(folder) == {}
    assert journal.path.exists()
    journal.close()
    recover(folder)
    assert [path.name for path in (folder / KEPT).iterdir()] == [f"{journal.path.name}.gz"]
    assert not journal.path.exists()


def test_kept_journals_are_forgotten_after_a_month(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send_and_die(folder, YES, monkeypatch, "ada")
    recover(folder)
    (kept,) = (folder / KEPT).iterdir()
    recover(folder)
    assert kept.exists()
    old = kept.stat().st_mtime - recovery.KEEP_S - 60
    os.utime(kept, (old, old))
    recover(folder)
    assert not kept.exists()


def test_hostile_files_keep_nobody_from_the_good_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    (folder / "0.journal").write_bytes(os.urandom(50_000))
    (folder / "1.journal").symlink_to("/dev/zero")
    os.mkfifo(folder / "2.journal")
    (folder / "3.journal").mkdir()
    (folder / "4.journal").touch()
    (folder / KEPT).mkdir()
    (folder / KEPT / "5.journal.gz").write_bytes(b"\x1f\x8b" + os.urandom(100))
    assert recall(folder) == {"record": 1}
    assert recover(folder) == {}
    assert states(post) == [MessageState.SENT]
    assert {path.name for path in folder.glob("*.journal")} == {"1.journal", "2.journal", "3.journal"}


def test_a_database_that_is_away_leaves_the_journal_for_the_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(*_args: object) -> None:
        raise OperationalError("the database restarts")

    post = send_and_die(folder, YES, monkeypatch, "ada")
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "settle", be_away)
        assert recover(folder) == {}
    assert states(post) == [MessageState.DOT_PENDING]
    assert recover(folder) == {"record": 1}


def test_what_a_person_has_sent_again_is_called_off_by_the_journals_proof(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = send_and_die(folder, YES, monkeypatch, "ada")
    lapse()
    sweep()
    assert send_again(post.member, [post.messages[0].pk]).count == 1
    recover(folder)
    assert states(post) == [MessageState.SENT]
    make_due()
    assert deliver() == 0


# -- a disk that is full --
def test_nothing_leaves_that_the_journal_cannot_take_and_everything_goes_back(journal: Journal) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob", "eve")
        with files_no_bigger_than(scribe.RESERVE_BYTES // 4):
            journal._size = scribe.RESERVE_BYTES // 2
            send(journal)
        assert not server.accepted
        assert server.body_bytes == 0
        assert states(post) == [MessageState.DEFERRED] * 3
        assert {row.reason for row in post.messages} == {
            "Called back before it left: the courier's journal cannot be written (File too large).",
            "Not tried yet: the worker's time was over.",
        }
        assert not MailboxClock.objects.exclude(lease_owner=None).exists()
        make_due()
        fresh = Journal(journal.path.parent, "")
        send(fresh)
        fresh.close()
    assert states(post) == [MessageState.SENT] * 3
    assert len(server.accepted) == 3


def test_a_worker_that_cannot_open_its_journal_claims_nothing_and_goes_on_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "journals"
    place.write_text("a file in the way")
    monkeypatch.setattr(scribe, "env", lambda: Folders(place))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        owner, mailboxes = leases.lease_due(most=10)
        tasks.deliver(str(owner), mailboxes)
        assert not post.messages
        assert not server.connections
        place.unlink()
        owner, mailboxes = leases.lease_due(most=10)
        assert mailboxes, "they were given back at once"
        tasks.deliver(str(owner), mailboxes)
        opened = scribe.journal()
        assert opened is not None
        opened.close()
        monkeypatch.setattr(scribe, "_current", None)
    assert states(post) == [MessageState.SENT]
