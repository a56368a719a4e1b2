"""Back-fill: mail from before the mailbox was read stops whom it has to stop, and makes nothing leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach.kit import clock
from sending.inbox import reading
from sending.inbox.filling import NoBackFill, ask
from sending.inbox.models import BackFill, InboundMessage, MailFolder
from sending.inbox.reading import read
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.states import EnrollmentState, StopReason
from sending.sandbox.world import SandboxWorld
from tests.sending.inbox.boxes import make_read_scene, put, renumber
from tests.sending.inbox.scene import Scene, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(world: SandboxWorld) -> Scene:
    """A scene whose mailbox was connected just now, with mail of the last twenty days in it, and was read."""
    made = make_read_scene(world)
    for days in (20, 9, 3):
        at = clock.now() - timedelta(days=days)
        put(world, made.mailbox, mail(f"{days} days ago", sender=f"d{days}@x.example"), at=at)
    at = clock.now() - timedelta(days=5)
    put(world, made.mailbox, mail("The answer", in_reply_to=made.message.message_id), leaf="Junk", at=at)
    assert read(made.mailbox.pk).is_complete
    assert texts() == []
    return made


def texts() -> list[str]:
    return sorted(row.text.strip() for row in InboundMessage.objects.all())


def test_the_days_that_were_asked_for_are_read_once_and_an_answer_among_them_stops(
    world: SandboxWorld, scene: Scene
) -> None:
    ask(scene.member, scene.mailbox, 10)
    put(world, scene.mailbox, mail("New", sender="new@x.example"))
    found = read(scene.mailbox.pk)
    assert (found.taken_in, found.is_complete, found.fills) == (1, True, False)
    assert texts() == ["3 days ago", "9 days ago", "New", "The answer"]
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)
    done = BackFill.objects.get()
    assert (done.looked_at, done.taken_in, done.left, done.finished_at is not None) == (4, 3, 0, True)
    assert [row.text.strip() for row in InboundMessage.objects.filter(is_back_fill=False)] == ["New"]
    ask(scene.member, scene.mailbox, 30)
    read(scene.mailbox.pk)
    assert texts()[0] == "20 days ago"
    assert BackFill.objects.get().taken_in == 1, "what is known is not taken in again"


def test_it_goes_on_in_pieces_behind_what_is_new_and_after_a_crash(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_MAILS", 2)
    ask(scene.member, scene.mailbox, 30)
    assert read(scene.mailbox.pk).fills
    under_way = BackFill.objects.get()
    assert (under_way.looked_at, under_way.left, under_way.finished_at) == (2, 2, None)
    MailFolder.objects.update(fill_uid=0)  # what was taken in, and not written down
    put(world, scene.mailbox, mail("New", sender="new@x.example"))
    pieces = 0
    while read(scene.mailbox.pk).fills:
        pieces += 1
    assert pieces == 2
    assert texts() == ["20 days ago", "3 days ago", "9 days ago", "New", "The answer"]


def test_void_numbers_in_the_middle_of_it_lose_nothing(
    world: SandboxWorld, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_MAILS", 1)
    ask(scene.member, scene.mailbox, 30)
    assert read(scene.mailbox.pk).fills
    renumber(world, scene.mailbox)
    while not BackFill.objects.get().finished_at:
        read(scene.mailbox.pk)
    assert texts() == ["20 days ago", "3 days ago", "9 days ago", "The answer"]


def test_it_settles_no_doubt_and_leads_nobody_on(world: SandboxWorld, scene: Scene) -> None:
    OutboundMessage.objects.update(state=MessageState.IN_DOUBT, sent_at=None)
    away = mail("Back in March", in_reply_to=scene.message.message_id, auto_submitted="auto-replied", subject="Away")
    put(world, scene.mailbox, away, at=clock.now() - timedelta(days=2))
    MailFolder.objects.update(last_uid=100)  # as if it had lain there before
    Mailbox.objects.update(created_at=clock.now())
    ask(scene.member, scene.mailbox, 4)
    read(scene.mailbox.pk)
    assert OutboundMessage.objects.get().state == MessageState.IN_DOUBT


def test_days_that_cannot_be_had_are_refused(scene: Scene) -> None:
    for days in (0, 366):
        with pytest.raises(NoBackFill, match="Between 1 and 365 days"):
            ask(scene.member, scene.mailbox, days)
