"""A database that is an older copy, a copied folder, a second stack: nobody sends until an owner has looked at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from outreach.accounts.roles import Role
from outreach.kit import loops, statements
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.guard.core import Kind, Note
from sending.guard.models import Adoption, Finding, Installation
from sending.guard.notes import FILE, read_note
from sending.guard.queries import why_nothing_leaves
from sending.guard.services import confirm, found_older, watch
from sending.mailboxes.models import MailboxClock
from sending.outbox import leases, tasks
from sending.outbox.command import adopt
from sending.outbox.courier import Courier
from sending.outbox.marks import mark, why_called_back
from sending.outbox.models import OutboundMessage
from sending.outbox.scribe import Journal
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from tests.builders import make_contact, make_member, make_workspace
from tests.sending.guard.stacks import Folders, back_up, be_stack_of, may_send, put_back
from tests.sending.outbox.plain import Post, claim_all, make_post
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)
SILENT = FaultServer(port=1)  # nobody is asked


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stack that has sent before, whose process this is."""
    place = tmp_path / "journal"
    be_stack_of(place, monkeypatch)
    assert watch(place)
    assert watch(place)
    assert why_nothing_leaves() == ""
    return place


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    journal = Journal(folder, "")
    yield journal
    journal.close()


def head() -> int:
    return Installation.objects.get().head


def note_of(folder: Path) -> Note:
    note = read_note(folder)
    assert isinstance(note, Note)
    return note


def found() -> list[str]:
    return list(Finding.objects.order_by("id").values_list("kind", flat=True))


def say_yes(post: Post) -> bool:
    sweep()
    return confirm(post.member, Finding.objects.get().pk)


def send(journal: Journal) -> None:
    mine, held = leases.take_over(*leases.lease_due(most=10))
    loops.run(Courier(mine, held, work_s=20, journal=journal).run())


# -- a stack that is what it was --
def test_the_first_tick_makes_both_sides_and_each_further_one_raises_them(folder: Path) -> None:
    before = head()
    assert watch(folder)
    assert head() == before + 1 == note_of(folder).head
    assert note_of(folder).installation == Installation.objects.get().installation
    assert may_send()
    assert not found()
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_the_programs_own_tick_keeps_watch_before_it_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "journal"
    be_stack_of(place, monkeypatch)
    tasks.tick()
    tasks.tick()
    assert head() == note_of(place).head == 2
    make_post(SILENT, "ada")
    Installation.objects.update(head=1)
    tasks.tick()
    assert found() == [Kind.BEHIND]
    assert not MailboxClock.objects.exclude(lease_owner=None).exists()


def test_a_first_tick_that_was_cut_off_asks_nobody(folder: Path) -> None:
    note = note_of(folder)
    Installation.objects.update(head=0)
    (folder / FILE).unlink()
    assert watch(folder)
    assert note_of(folder).installation == note.installation


def test_without_folder_and_without_installation_everything_works_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    be_stack_of(None, monkeypatch)
    assert watch(None)
    assert may_send()


# -- an older copy of the database --
def test_a_backup_that_is_put_back_sends_nothing_twice(folder: Path, journal: Journal) -> None:
    names = [f"p{number}" for number in range(100)]
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, *names)
        backup = back_up()
        watch(folder)
        send(journal)
        assert len(server.accepted) == 100
        put_back(backup)
        assert not post.messages, "the copy knows of none"
        assert leases.lease_due(most=10)[1] == [], "even before the first tick finds it"
        assert not watch(folder)
        assert found() == [Kind.BEHIND]
        assert Installation.objects.get().is_paused
        sweep()
        assert {row.state for row in post.messages} == {MessageState.SENT}
        assert len(post.messages) == 100
        finding = Finding.objects.get()
        assert (finding.doubts, finding.settled, finding.unknown) == (100, 0, 0)
        assert finding.copy_of is not None
        make_due()
        assert deliver() == 0
        assert confirm(post.member, finding.pk)
        assert watch(folder)
        assert not found()
        make_due()
        assert deliver() == 0
        assert len(server.accepted) == 100
    adoption = Adoption.objects.get()
    assert (adoption.by, adoption.kind, adoption.doubts) == (post.member.user.email, Kind.BEHIND, 100)
    assert adoption.former == adoption.installation == note_of(folder).installation
    assert head() == note_of(folder).head > adoption.head - 1


def test_no_path_lets_anything_leave_from_an_older_copy(folder: Path) -> None:
    post = make_post(SILENT, "ada", "bob")
    jobs = claim_all()
    owner, mailbox = jobs[0].owner, post.mailbox.pk
    Installation.objects.update(head=1)
    assert mark(jobs) == [False, False]
    assert why_called_back(jobs[0]) == "sending stands still until an owner has confirmed this database"
    assert leases.take_over(owner, [mailbox])[1] == []
    MailboxClock.objects.update(lease_owner=None, lease_until=None, look_at=Now())
    assert leases.lease_due(most=10)[1] == []
    assert {row.state for row in post.messages} == {MessageState.CLAIMED}
    assert why_nothing_leaves().startswith("No worker has kept watch"), "nor a test mail, in the same instant"
    assert not watch(folder)
    assert why_nothing_leaves().startswith("Sending stands still until an owner has confirmed this database")


def test_a_courier_that_meets_the_standstill_leaves_its_server_alone(folder: Path) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob", "eve")
        mine, held = leases.take_over(*leases.lease_due(most=10))
        Installation.objects.update(is_paused=True)
        loops.run(Courier(mine, held, work_s=5).run())
        assert not server.accepted
        assert server.connections == 1
    assert {row.state for row in post.messages} == {MessageState.DEFERRED}
    assert not MailboxClock.objects.exclude(lease_owner=None).exists()


def test_a_journal_that_knows_more_than_the_database_stops_everybody(folder: Path, journal: Journal) -> None:
    """The last seconds before a crash may be lost by a database whose head has not been raised in them."""
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        send(journal)
        journal.close()
        post.campaign.messages.all().delete()
        post.campaign.enrollments.update(state="active", due_at=Now(), ended_at=None, next_position=1)
        sweep()
    assert Installation.objects.get().is_paused
    assert found() == [Kind.BEHIND]
    assert [row.state for row in post.messages] == [MessageState.SENT]
    assert not watch(folder)


def test_an_older_copy_gives_no_number_again_that_addresses_in_messages_may_name(folder: Path) -> None:
    post = make_post(SILENT, "ada")
    (job,) = claim_all()
    last = OutboundMessage.objects.get().pk, make_contact(post.campaign.workspace, "last@x.test").pk
    found_older(folder)
    found_older(folder)
    eve = make_contact(post.campaign.workspace, "eve@x.test").pk
    assert last[1] + 10_000_000 < eve < last[1] + 10_001_000, "once, however often it is found"
    [(number,)] = statements.run("SELECT nextval(pg_get_serial_sequence('outbox_message', 'id'))")
    assert job.letter.pk == last[0] < number - 10_000_000


# -- copies and second stacks --
def test_a_copied_folder_does_not_send_and_the_original_does(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = make_post(SILENT, "ada")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    be_stack_of(copy, monkeypatch)
    assert not watch(copy)
    assert not may_send()
    assert leases.lease_due(most=10)[1] == []
    be_stack_of(folder, monkeypatch)
    assert watch(folder)
    assert may_send()
    assert leases.lease_due(most=10)[1] == [post.mailbox.pk]


def test_whoever_confirms_the_copy_stops_the_original(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = make_post(SILENT, "ada")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    be_stack_of(copy, monkeypatch)
    watch(copy)
    assert say_yes(post)
    assert watch(copy)
    assert may_send()
    be_stack_of(folder, monkeypatch)
    assert not may_send()
    assert not watch(folder)
    assert found() == [Kind.FOREIGN]


def test_a_second_stack_without_the_file_stands_still_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = make_post(SILENT, "ada")
    second = tmp_path / "second"
    for place in (second, None):
        be_stack_of(place, monkeypatch)
        assert not watch(place)
        assert leases.lease_due(most=10)[1] == []
        owner, mailboxes = leases.lease_due(most=10)
        tasks.deliver(str(owner), mailboxes)
        assert not OutboundMessage.objects.exists()
    assert found() == [Kind.NO_FILE] * 2
    be_stack_of(folder, monkeypatch)
    assert watch(folder)
    assert leases.lease_due(most=10)[1] == [post.mailbox.pk]


def test_a_task_that_the_wrong_stack_gets_is_given_back_to_the_right_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_post(SILENT, "ada")
    owner, mailboxes = leases.lease_due(most=10)
    be_stack_of(tmp_path / "second", monkeypatch)
    tasks.deliver(str(owner), mailboxes)
    be_stack_of(folder, monkeypatch)
    assert leases.lease_due(most=10)[1] == mailboxes


@pytest.mark.parametrize("is_alive", [True, False])
def test_a_second_stack_joins_one_that_lives_and_takes_the_place_of_one_that_does_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_alive: bool
) -> None:
    post = make_post(SILENT, "ada")
    if not is_alive:
        Installation.objects.update(raised_at=Now() - timedelta(minutes=5))
    second = tmp_path / "second"
    be_stack_of(second, monkeypatch)
    watch(second)
    assert say_yes(post)
    assert watch(second)
    be_stack_of(folder, monkeypatch)
    assert may_send() is is_alive
    assert watch(folder) is is_alive


def test_a_folder_without_its_database_stands_still(folder: Path) -> None:
    Installation.objects.all().delete()
    post = make_post(SILENT, "ada")
    assert not may_send()
    assert not watch(folder)
    assert found() == [Kind.NO_ROW]
    assert say_yes(post)
    assert watch(folder)
    assert may_send()


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"installation": 1}', b"\xff\xfe", b"[" * 9000])
def test_a_damaged_file_stands_still_and_is_replaced_once_it_is_confirmed(folder: Path, raw: bytes) -> None:
    post = make_post(SILENT, "ada")
    (folder / FILE).write_bytes(raw)
    assert not may_send()
    assert not watch(folder)
    assert found() == [Kind.DAMAGED]
    assert say_yes(post)
    assert watch(folder)


def test_a_folder_that_cannot_be_written_stands_still_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "journal"
    place.write_text("a file in the way")
    be_stack_of(place, monkeypatch)
    assert not watch(place)
    assert found() == [Kind.DAMAGED]
    assert Finding.objects.get().words == "File exists"
    place.unlink()
    assert watch(place)
    assert not found()


# -- whose word counts --
def test_only_an_owner_of_the_first_workspace_may_confirm(folder: Path) -> None:
    post = make_post(SILENT, "ada")
    Installation.objects.update(head=1)
    watch(folder)
    finding = Finding.objects.get()
    assert not confirm(post.member, finding.pk), "the journals come first"
    sweep()
    stranger = make_member(make_workspace("later"), Role.OWNER)
    assert not confirm(stranger, finding.pk)
    assert not watch(folder)
    assert confirm(post.member, finding.pk)
    assert watch(folder)


def test_the_terminal_explains_first_and_adopts_when_told_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sending.outbox.command.env", lambda: Folders(folder))
    said: list[str] = []
    assert adopt(is_agreed=True, echo=said.append) == 0
    assert "nothing keeps" in said[-1]
    Installation.objects.update(head=1)
    assert adopt(is_agreed=False, echo=said.append) == 1
    assert any("the database is an older copy" in line for line in said)
    assert not may_send()
    assert adopt(is_agreed=True, echo=said.append) == 0
    assert may_send()
    assert Adoption.objects.get().by.endswith("at the terminal")


def test_the_terminal_explains_an_older_copy_that_only_the_journals_know_of(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sending.outbox.command.env", lambda: Folders(folder))
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        send(journal)
        journal.close()
        post.campaign.messages.all().delete()
        post.campaign.enrollments.update(state="active", due_at=Now(), ended_at=None, next_position=1)
    (folder / "guard.json").write_text("torn")
    said: list[str] = []
    assert adopt(is_agreed=False, echo=said.append) == 1
    assert "the database is an older copy" in said[0]
    assert "by the journals 1 messages had left" in said[-2]
    assert adopt(is_agreed=True, echo=said.append) == 0
    assert may_send()
