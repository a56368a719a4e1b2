"""Long conversations: the newest of both sides at once, and all that was said before piece by piece, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sending.inbox.models import InboundMessage, Thread
from sending.inbox.threads.saying import AT_ONCE, MOST_AT_ONCE, Place, conversation_of, read_place
from sending.inbox.threads.services import add_note
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, mail, make_scene
from tests.sending.inbox.threads.test_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def long_talk(scene: Scene, mails: int, *, step: timedelta = timedelta(seconds=1)) -> Thread:
    """Let one conversation have so many mails of hers beside our message."""
    first = come_in(scene, mail("0", in_reply_to=scene.message.message_id))
    InboundMessage.objects.bulk_create(
        InboundMessage(
            workspace=scene.workspace, mailbox=scene.mailbox, thread=first.thread, content_key=f"k{number}",
            text=f"mail {number}", raw=b"", received_at=CAME_AT + number * step, kind="human_reply",
        )
        for number in range(1, mails)
    )  # fmt: skip
    assert first.thread is not None
    return first.thread


def pieces(thread: Thread) -> Iterator[list[Place]]:
    """Read a conversation from its end to its beginning; each of its pieces, newest last."""
    before = None
    while True:
        talk = conversation_of(thread, before=before)
        yield [one.place for one in talk.said]
        if not talk.earlier:
            return
        before = read_place(talk.earlier)


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(0)])
def test_everything_is_read_once_from_the_end_to_the_beginning(scene: Scene, step: timedelta) -> None:
    thread = long_talk(scene, 55, step=step)
    for number in range(5):
        add_note(scene.member, thread, f"note {number}")
    found = list(pieces(thread))
    assert [len(one) for one in found] == [AT_ONCE, AT_ONCE, AT_ONCE, 1]
    read = [place for one in reversed(found) for place in one]
    assert read == sorted(set(read))
    assert len(read) == 55 + 5 + 1


def test_a_page_that_is_open_keeps_its_beginning_when_more_comes(scene: Scene) -> None:
    thread = long_talk(scene, 30)
    before = conversation_of(thread)
    come_in(scene, mail("More", in_reply_to=scene.message.message_id), at=CAME_AT + timedelta(days=1))
    after = conversation_of(thread, since=read_place(before.begins))
    assert [one.place for one in after.said][:-1] == [one.place for one in before.said]
    assert after.begins == before.begins


def test_a_page_that_was_open_for_very_long_has_an_end(scene: Scene) -> None:
    thread = long_talk(scene, MOST_AT_ONCE + 50)
    oldest = Place(datetime(2026, 1, 1, tzinfo=UTC), 0, 0)
    assert len(conversation_of(thread, since=oldest).said) == MOST_AT_ONCE


@pytest.mark.parametrize(
    "text", ["nonsense", "bnVsbA", "WzEsMiwzXQ", "x" * 300, "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwwLDFd"]
)
def test_a_place_that_is_none_is_left_out(text: str) -> None:
    assert read_place(text) is None


def test_what_was_said_before_stands_behind_a_link_with_and_without_scripts(scene: Scene) -> None:
    thread = long_talk(scene, 50)
    url = scene.member.url("inbox:thread", thread.pk)
    page = signed_in(scene.member).get(url).text
    assert ("mail 49<" in page, "mail 30<" in page, "mail 29<" in page) == (True, True, False)
    (link,) = re.findall(r'data-key="o" href="([^"]+)"', page)
    older = signed_in(scene.member).get(link).text
    assert ("mail 29<" in older, "mail 30<" in older, "To the newest mails" in older) == (True, False, True)
    assert 'hx-trigger="every 5s"' not in older[older.index('id="talk"') :].partition(">")[0]
    piece = signed_in(scene.member, hx_request="true").get(link).text
    assert ("mail 29<" in piece, "<html" in piece, 'id="talk"' in piece) == (True, False, False)
