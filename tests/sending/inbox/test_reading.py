"""Read real mailboxes over IMAP: each mail once, whatever the server, the network or a neighbour does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from outreach.kit import clock
from sending.imap import Folder, FolderState, RawMail
from sending.inbox import aside, reading
from sending.inbox.folders import read_folder
from sending.inbox.models import InboundMessage, MailboxSync, MailFolder, SetAside
from sending.inbox.reading import read
from sending.inbox.seen import Reading
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import store_passwords
from sending.mailboxes.states import MailboxState
from sending.planner.states import EnrollmentState, StopReason
from sending.sandbox.world import SandboxWorld
from tests.builders import make_mailbox, make_workspace
from tests.outreach.kit.frozen import stand_still
from tests.sending.inbox.boxes import make_box, make_read_scene, put, put_in_order, renumber
from tests.sending.inbox.scene import Scene, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(world: SandboxWorld) -> Scene:
    """A scene whose mailbox was read to its end."""
    made = make_read_scene(world)
    assert read(made.mailbox.pk).is_complete
    return made


def texts() -> list[str]:
    return [row.text.strip() for row in InboundMessage.objects.order_by("id")]


def test_new_mail_is_read_once(world: SandboxWorld, scene: Scene) -> None:
    put(world, scene.mailbox, mail("One", in_reply_to=scene.message.message_id))
    assert (read(scene.mailbox.pk).taken_in, read(scene.mailbox.pk)) == (1, Reading(is_complete=True))
    assert texts() == ["One"]
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


def test_junk_is_read_and_what_we_sent_is_not(world: SandboxWorld, scene: Scene) -> None:
    put(world, scene.mailbox, mail("Mine", in_reply_to=scene.message.message_id), leaf="Sent")
    put(world, scene.mailbox, mail("Taken for junk", in_reply_to=scene.message.message_id), leaf="Junk")
    assert read(scene.mailbox.pk).taken_in == 1
    assert texts() == ["Taken for junk"]


def test_mail_that_is_moved_to_another_folder_is_known(world: SandboxWorld, scene: Scene) -> None:
    moved = mail("Moved", in_reply_to=scene.message.message_id)
    put(world, scene.mailbox, moved, leaf="Junk")
    read(scene.mailbox.pk)
    put(world, scene.mailbox, b"X-Moved: yes\r\n" + moved)
    found = read(scene.mailbox.pk)
    assert (found.taken_in, found.known) == (0, 1)


def test_mailbox_that_has_sent_nothing_starts_at_its_end(world: SandboxWorld) -> None:
    mailbox = make_box(world, make_workspace())
    put(world, mailbox, mail("Before"))
    read(mailbox.pk)
    put(world, mailbox, mail("After"))
    read(mailbox.pk)
    assert texts() == ["After"]


def test_answer_that_came_before_the_first_reading_is_found(world: SandboxWorld) -> None:
    """The mailbox was out of reach while it sent: what came in then is read, what is older than the mailbox is not."""
    scene = make_read_scene(world)
    put(world, scene.mailbox, mail("Years ago"), at=datetime(2024, 1, 5, tzinfo=UTC))
    put(world, scene.mailbox, mail("The answer", in_reply_to=scene.message.message_id))
    read(scene.mailbox.pk)
    assert texts() == ["The answer"]
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


def test_new_uidvalidity_reads_the_folder_anew_and_takes_in_only_what_is_new(world: SandboxWorld, scene: Scene) -> None:
    put(world, scene.mailbox, mail("Years ago"), at=datetime(2024, 1, 5, tzinfo=UTC))
    put(world, scene.mailbox, mail("Known", in_reply_to=scene.message.message_id))
    read(scene.mailbox.pk)
    before = MailFolder.objects.get(name="INBOX")
    put(world, scene.mailbox, mail("New", in_reply_to=scene.message.message_id))
    renumber(world, scene.mailbox)
    found = read(scene.mailbox.pk)
    after = MailFolder.objects.get(name="INBOX")
    assert after.uid_validity != before.uid_validity
    assert found.taken_in == 1
    assert texts() == ["Known", "New"]
    assert read(scene.mailbox.pk) == Reading(is_complete=True)


def test_numbers_that_are_given_anew_by_a_server_put_back_to_an_older_copy_hide_no_mail(
    world: SandboxWorld, scene: Scene
) -> None:
    """Its UIDVALIDITY stays: only that its next number lies below one that we know tells of it."""
    put(world, scene.mailbox, mail("Known", in_reply_to=scene.message.message_id))
    read(scene.mailbox.pk)
    MailFolder.objects.filter(name="INBOX").update(last_uid=900)
    put(world, scene.mailbox, mail("Under a number that was used", in_reply_to=scene.message.message_id))
    found = read(scene.mailbox.pk)
    assert (found.taken_in, found.known) == (1, 1)
    assert MailFolder.objects.get(name="INBOX").last_uid == 2


def test_a_mail_that_appears_under_a_lower_number_is_found_within_a_day(world: SandboxWorld, scene: Scene) -> None:
    put(world, scene.mailbox, mail("Late", in_reply_to=scene.message.message_id))
    MailFolder.objects.filter(name="INBOX").update(last_uid=1)
    assert read(scene.mailbox.pk).taken_in == 0
    MailFolder.objects.update(looked_back_at=clock.now() - timedelta(days=1, minutes=1))
    assert read(scene.mailbox.pk).taken_in == 1
    assert read(scene.mailbox.pk) == Reading(is_complete=True), "once a day"


def test_crash_between_taking_in_and_the_place_mark_is_a_mail_read_twice(world: SandboxWorld, scene: Scene) -> None:
    put(world, scene.mailbox, mail("Once", in_reply_to=scene.message.message_id))
    place = MailFolder.objects.get(name="INBOX").last_uid
    read(scene.mailbox.pk)
    MailFolder.objects.filter(name="INBOX").update(last_uid=place)
    found = read(scene.mailbox.pk)
    assert (found.taken_in, found.known) == (0, 1)
    assert texts() == ["Once"]


def test_hostile_mails_do_not_hide_those_behind_them(world: SandboxWorld, scene: Scene) -> None:
    hostile = (b"", b"From: " + b"(" * 9_000 + b"\r\n\r\n", b"From: a\x00@b\r\nSubject: \xff\x00\r\n\r\n\x00\xfe")
    put_in_order(world, scene.mailbox, *hostile, mail("Behind", in_reply_to=scene.message.message_id))
    assert read(scene.mailbox.pk).taken_in == 4
    assert texts()[-1] == "Behind"
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


def breaks_on(word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(mailbox: Mailbox, raw: RawMail, **how: bool) -> InboundMessage | None:
        if word in raw.raw:
            raise ZeroDivisionError
        return take_in(mailbox, raw, **how)

    monkeypatch.setattr(aside, "take_in", broken)


def test_mail_that_breaks_us_is_set_aside_after_three_tries_and_hides_none(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    breaks_on(b"Poison", monkeypatch)
    put_in_order(world, scene.mailbox, mail("Poison"), mail("Behind"))
    synced_at = MailboxClock.objects.get().synced_at
    assert read(scene.mailbox.pk).taken_in == 1
    assert texts() == ["Behind"]
    assert MailboxClock.objects.get().synced_at == synced_at, "it may be an answer: follow-ups wait"
    for tries in (2, 3):
        assert read(scene.mailbox.pk) == Reading(is_complete=True)
        assert SetAside.objects.get().tries == tries
    row = SetAside.objects.get()
    assert (b"Poison" in bytes(row.raw or b""), row.aside_at is not None) == (True, True)
    assert "ZeroDivisionError" in row.reason
    assert "inbox.set_aside" in caplog.text
    assert MailboxClock.objects.get().synced_at != synced_at, "a person has to look at it; the others go on"
    MailFolder.objects.update(last_uid=0)
    read(scene.mailbox.pk)
    assert SetAside.objects.count() == 1, "it is known when it is met again"


def test_mail_that_broke_us_once_is_taken_in_by_the_next_reading(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, scene.mailbox, mail("Odd", in_reply_to=scene.message.message_id))
    with monkeypatch.context() as patched:
        breaks_on(b"Odd", patched)
        assert read(scene.mailbox.pk).taken_in == 0
    assert read(scene.mailbox.pk).taken_in == 1
    assert (texts(), SetAside.objects.count()) == (["Odd"], 0)
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


class Killed(BaseException):
    """What no program catches: the process is gone, and nothing more is written down."""


def test_mail_that_ends_the_process_three_times_hides_none_and_is_tried_no_more_than_six_times(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def deadly(mailbox: Mailbox, raw: RawMail, **how: bool) -> InboundMessage | None:
        if b"Deadly" in raw.raw:
            tries.append(raw.uid)
            raise Killed
        return take_in(mailbox, raw, **how)

    monkeypatch.setattr(aside, "take_in", deadly)
    put_in_order(world, scene.mailbox, mail("Before"), mail("Deadly"), mail("Behind"))
    for _ in range(3):
        with pytest.raises(Killed):
            read(scene.mailbox.pk)
    assert texts() == ["Before"]
    assert read(scene.mailbox.pk).taken_in == 1, "what lies behind it comes first"
    for _ in range(3):
        with pytest.raises(Killed):
            read(scene.mailbox.pk)
    assert texts() == ["Before", "Behind"]
    assert SetAside.objects.get().aside_at is None
    for _ in range(2):
        assert read(scene.mailbox.pk) == Reading(is_complete=True)
    assert len(tries) == 6
    assert SetAside.objects.get().reason == aside.ENDED
    assert SetAside.objects.get().aside_at is not None


def test_mail_that_was_under_way_in_three_killed_readings_is_taken_in_by_the_fourth(
    world: SandboxWorld, scene: Scene
) -> None:
    put(world, scene.mailbox, mail("Innocent", in_reply_to=scene.message.message_id))
    MailFolder.objects.filter(name="INBOX").update(tries=3)
    assert read(scene.mailbox.pk).taken_in == 0
    assert read(scene.mailbox.pk).taken_in == 1
    assert (texts(), SetAside.objects.count()) == (["Innocent"], 0)


def test_mail_is_read_again_when_the_database_went_away(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(mailbox: Mailbox, raw: RawMail, **how: bool) -> InboundMessage | None:
        raise OperationalError

    put(world, scene.mailbox, mail("Later"))
    with monkeypatch.context() as patched:
        patched.setattr(aside, "take_in", away)
        found = read(scene.mailbox.pk)
    assert "fault on our side" in found.problem
    sync = MailboxSync.objects.get()
    assert (sync.failures, sync.problem, sync.lease_until) == (1, found.problem, None)
    assert not InboundMessage.objects.exists(), "it was not put away as unreadable"
    assert read(scene.mailbox.pk).taken_in == 1
    assert MailboxSync.objects.get().failures == 0


def test_a_reply_is_read_again_when_the_session_was_ended_under_a_reader_that_stood_still(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frozen(mailbox: Mailbox, raw: RawMail, **how: bool) -> InboundMessage | None:
        with transaction.atomic():
            stand_still()
            return take_in(mailbox, raw, **how)

    put(world, scene.mailbox, mail("Yes", in_reply_to=scene.message.message_id))
    with monkeypatch.context() as patched:
        patched.setattr(aside, "take_in", frozen)
        assert "fault on our side" in read(scene.mailbox.pk).problem
    assert not InboundMessage.objects.exists(), "it was not put away as unreadable"
    assert read(scene.mailbox.pk).taken_in == 1
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)


def test_long_folder_is_read_in_pieces_one_after_the_other(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_MAILS", 2)
    MailboxClock.objects.update(synced_at=None)
    put_in_order(world, scene.mailbox, mail("0"), mail("1"), mail("2"))
    first = read(scene.mailbox.pk)
    assert (first.taken_in, first.is_complete) == (2, False)
    assert MailboxClock.objects.get().synced_at is None, "follow-ups wait until everything was read"
    assert MailboxSync.objects.filter(next_at__lte=Now()).exists(), "it is read on at once"
    second = read(scene.mailbox.pk)
    assert (second.taken_in, second.is_complete) == (1, True)
    assert texts() == ["0", "1", "2"]
    assert MailboxSync.objects.filter(next_at__gt=Now()).exists()


def test_mailbox_counts_as_read_from_the_instant_at_which_the_reading_began(scene: Scene) -> None:
    before = clock.now()
    read(scene.mailbox.pk)
    synced_at = MailboxClock.objects.get().synced_at
    assert synced_at is not None
    assert before <= synced_at
    assert not MailFolder.objects.filter(synced_at__lte=synced_at).exists(), "what comes meanwhile may be missed"


def test_unreachable_server_is_asked_less_and_less_often(scene: Scene) -> None:
    Mailbox.objects.update(imap_port=1)
    MailboxClock.objects.update(synced_at=None)
    waits = []
    for _ in range(3):
        found = read(scene.mailbox.pk)
        assert found.problem
        assert not found.is_complete
        waits.append((MailboxSync.objects.get().next_at - clock.now()) / timedelta(minutes=1))
    assert [round(wait) for wait in waits] == [2, 4, 8]
    assert (MailboxSync.objects.get().failures, MailboxSync.objects.get().problem) == (3, found.problem)
    assert MailboxClock.objects.get().synced_at is None


def test_refused_password_asks_the_owner_to_sign_in(scene: Scene) -> None:
    store_passwords(scene.mailbox, smtp="wrong", imap="wrong")
    found = read(scene.mailbox.pk)
    mailbox = Mailbox.objects.get()
    assert (mailbox.state, mailbox.state_reason) == (MailboxState.NEEDS_SIGN_IN, found.problem)
    assert reading.lease_due(most=10) == [], "it is left alone until then"


def test_due_mailboxes_are_leased_once(scene: Scene) -> None:
    MailboxSync.objects.all().delete()
    make_mailbox(scene.workspace, "untested@acme.example", state=MailboxState.UNTESTED)
    paused = make_mailbox(scene.workspace, "paused@acme.example", state=MailboxState.ACTIVE)
    assert set(reading.lease_due(most=10)) == {scene.mailbox.pk, paused.pk}
    assert reading.lease_due(most=10) == []
    MailboxSync.objects.update(lease_until=Now() - timedelta(seconds=1))
    Mailbox.objects.filter(pk=paused.pk).update(state=MailboxState.PAUSED)
    assert set(reading.lease_due(most=10)) == {scene.mailbox.pk, paused.pk}, "also who sends nothing gets answers"
    MailboxSync.objects.update(lease_until=None, next_at=Now() + timedelta(minutes=1))
    assert reading.lease_due(most=10) == []


class Overtaken:
    """A reader of UIDs under UIDVALIDITY 1 that another reader overtakes while it reads."""

    def __init__(self, **meanwhile: int) -> None:
        MailFolder.objects.filter(name="INBOX").update(uid_validity=1, last_uid=5)
        self.meanwhile = meanwhile

    def state(self, _folder: Folder) -> FolderState:
        return FolderState(uidvalidity=1, uidnext=1_000, exists=1)

    def fetch_since(self, _folder: Folder, last_uid: int, **_bounds: object) -> list[RawMail]:
        MailFolder.objects.filter(name="INBOX").update(**self.meanwhile)
        return [RawMail(last_uid + 1, clock.now(), 1, mail("Late"), truncated=False)]


@pytest.mark.parametrize(
    "meanwhile",
    [{"last_uid": 50}, {"uid_validity": 2, "last_uid": 3}],
    ids=["read farther", "found the numbers void"],
)
def test_late_reader_moves_no_place_mark(scene: Scene, meanwhile: dict[str, int]) -> None:
    late = Overtaken(**meanwhile)
    read_folder(scene.mailbox, late, Folder("INBOX", "inbox"), most=10)  # type: ignore[arg-type]
    assert MailFolder.objects.get(name="INBOX").last_uid == meanwhile["last_uid"]
    assert texts() == ["Late"], "what it read counts all the same"
