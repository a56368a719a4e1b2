"""A mail that a person gives to somebody's conversation: nothing that the team has written there is lost."""

from __future__ import annotations

import pytest

from sending.inbox.models import Answer, Draft, InboundMessage, Thread, ThreadNote
from sending.inbox.services import take_in
from sending.inbox.suggestions import accept
from sending.inbox.threads.answers import answer, keep_draft
from sending.inbox.threads.queries import threads_of
from sending.inbox.threads.searching import read_search
from sending.inbox.threads.services import add_note, put_away, put_label
from sending.inbox.threads.states import Scope
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, days, mail, make_scene, raw_mail
from tests.sending.inbox.threads.test_answers import wish

pytestmark = pytest.mark.django_db


def of_colleague(scene: Scene, text: str, number: int) -> InboundMessage:
    raw = mail(text, sender="Colleague <boss@x.example>", message_id=f"<c{number}@x.example>")
    return come_in(scene, raw, at=CAME_AT + days(number))


def her_thread(scene: Scene) -> Thread:
    raw = mail("Yes", in_reply_to=scene.message.message_id, message_id="<a@x.example>")
    thread = come_in(scene, raw).thread
    assert thread is not None
    return thread


def test_notes_answers_drafts_and_labels_go_along_into_the_conversation_of_whom_it_is() -> None:
    scene = make_scene()
    row, theirs = of_colleague(scene, "I speak for Ada", 0), her_thread(scene)
    before = row.thread
    assert before is not None
    row_of_answer = answer(scene.member, before, wish("Under way", mail_id=row.pk))
    add_note(scene.member, before, "The boss likes pelicans")
    put_label(scene.member, before, "Hot")
    put_label(scene.member, theirs, "Hot")
    keep_draft(scene.member, before, "Begun there")
    keep_draft(scene.member, theirs, "Begun here")
    assert accept(scene.member, row)
    assert Thread.objects.get() == theirs
    assert (Answer.objects.get().thread, ThreadNote.objects.get().thread) == (theirs, theirs)
    assert OutboundMessage.objects.get(answer=row_of_answer).state == MessageState.DEFERRED, "it can be called back"
    assert Draft.objects.get().text == "Begun here\n\nBegun there"
    assert [one.label.name for one in theirs.labelled.all()] == ["Hot"]
    assert list(threads_of(scene.member, Scope.ALL, sought=read_search("pelicans"))) == [theirs]


def test_what_stays_behind_tells_of_the_mails_that_are_left() -> None:
    scene = make_scene()
    first, second = of_colleague(scene, "The first", 0), of_colleague(scene, "The second", 1)
    her_thread(scene)
    stays = first.thread
    assert stays is not None
    assert second.thread == stays
    answer(scene.member, stays, wish(mail_id=second.pk))
    assert accept(scene.member, second)
    left = Thread.objects.get(pk=stays.pk)
    assert (left.mails, left.snippet, left.newest_at, left.heard_at) == (1, "The first", CAME_AT, CAME_AT)
    assert not left.is_awaiting, "we have written since"
    assert Answer.objects.get().thread == left


def test_an_older_mail_of_a_back_fill_wakes_nobody_and_one_that_is_new_does() -> None:
    scene = make_scene()
    thread = her_thread(scene)
    put_away(scene.member, thread)
    old = mail("From before", in_reply_to=scene.message.message_id, message_id="<old@x.example>")
    take_in(scene.mailbox, raw_mail(old, at=CAME_AT - days(1)), is_back_fill=True)
    thread.refresh_from_db()
    assert (thread.state, thread.is_unread, thread.mails) == ("done", False, 2)
    late = mail("Read late", in_reply_to=scene.message.message_id, message_id="<late@x.example>")
    take_in(scene.mailbox, raw_mail(late, at=CAME_AT - days(0.5)))
    thread.refresh_from_db()
    assert (thread.state, thread.is_unread, thread.heard_at) == ("open", True, CAME_AT), "nobody has seen it"
