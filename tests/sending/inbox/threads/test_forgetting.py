"""Who is erased is forgotten by the conversations, too: what waits for them does not leave, what they said goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts.models import Contact, Erasure
from campaigns.contacts.services import erase, erasing
from outreach.kit import clock
from sending.inbox.models import Answer
from sending.inbox.threads.answers import answer
from sending.inbox.threads.queries import threads_of
from sending.inbox.threads.searching import read_search
from sending.inbox.threads.states import Scope
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests.builders import make_contact, make_suppression
from tests.sending.inbox.scene import Scene, come_in, mail, make_scene
from tests.sending.inbox.threads.test_answers import wish

pytestmark = pytest.mark.django_db


def forget(scene: Scene, contact: Contact) -> None:
    erase(scene.member, contact, typed=contact.email, why="They have asked for it")
    erasing.carry_out(Erasure.objects.get().pk)


def test_an_answer_that_waits_is_called_off_and_the_suppression_that_it_overruled_is_named_no_more() -> None:
    scene = make_scene()
    make_suppression(scene.workspace, "ada@x.example")
    row = come_in(scene, mail("Are you there?", in_reply_to=scene.message.message_id), at=clock.now())
    assert row.thread is not None
    answer(scene.member, row.thread, wish(confirmed=True, send_at=clock.now() + timedelta(days=3)))
    assert "ada@x.example" in Answer.objects.get().overruled
    forget(scene, scene.contact)
    message = OutboundMessage.objects.get(answer__isnull=False)
    assert (message.state, message.retry_at) == (MessageState.CANCELLED, None)
    assert "ada" not in Answer.objects.get().overruled


def test_what_they_said_in_somebody_elses_conversation_is_found_no_more_and_the_rest_is() -> None:
    scene = make_scene()
    ours = scene.message.message_id
    come_in(scene, mail("Yes", in_reply_to=ours, message_id="<a@x.example>"))
    bob = make_contact(scene.workspace, "bob@x.example")
    his = mail("My platypus speaks", sender="Bob <bob@x.example>", in_reply_to="<a@x.example>", references=ours)
    come_in(scene, his)
    come_in(scene, mail("An otter of mine", in_reply_to=ours, message_id="<c@x.example>"))

    def found(words: str) -> int:
        return threads_of(scene.member, Scope.ALL, sought=read_search(words)).count()

    assert (found("platypus"), found("otter")) == (1, 1)
    forget(scene, bob)
    assert (found("platypus"), found("bob"), found("otter")) == (0, 0, 1)
