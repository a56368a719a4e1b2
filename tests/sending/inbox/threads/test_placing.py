"""Which conversation a mail belongs to, and what the conversation's row says of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sequences.states import ReplyClass
from sending.bounces import Kind
from sending.inbox.labelling import label
from sending.inbox.models import InboundMessage, Thread
from sending.inbox.suggestions import accept
from sending.inbox.threads.placing import snippet_of, topic_of
from sending.inbox.threads.states import ThreadState
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, days, dsn, mail, make_scene

AWAY = {"Auto-Submitted": "auto-replied", "Subject": "Out of office"}


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def thread_of(row: InboundMessage) -> Thread:
    row.refresh_from_db()
    assert row.thread is not None
    return row.thread


def stranger(text: str = "Hello", *, subject: str = "A question", **headers: str) -> bytes:
    return mail(text, sender="Bob <Bob@Elsewhere.example>", subject=subject, **headers)


def test_an_answer_begins_the_conversation_of_its_sequence(scene: Scene) -> None:
    thread = thread_of(come_in(scene, mail("Yes, gladly", in_reply_to=scene.message.message_id)))
    assert thread.enrollment == scene.person
    assert thread.contact == scene.contact
    assert (thread.name, thread.address, thread.snippet) == ("Ada", "ada@x.example", "Yes, gladly")
    assert (thread.is_talk, thread.is_unread, thread.is_awaiting, thread.state) == (True, True, True, ThreadState.OPEN)
    assert (thread.mails, thread.newest_at, thread.heard_at) == (1, CAME_AT, CAME_AT)


def test_a_colleague_who_answers_for_them_joins_the_same_conversation(scene: Scene) -> None:
    first = thread_of(come_in(scene, mail("Ask Bob", in_reply_to=scene.message.message_id)))
    second = thread_of(come_in(scene, stranger("Bob here", in_reply_to=scene.message.message_id), at=CAME_AT + days(1)))
    assert first == second
    assert (second.address, second.mails) == ("Bob@Elsewhere.example", 2)


def test_who_writes_on_their_own_goes_on_in_one_conversation_by_subject(scene: Scene) -> None:
    first = thread_of(come_in(scene, stranger()))
    again = thread_of(come_in(scene, stranger("More", subject="AW: Re: a  QUESTION"), at=CAME_AT + days(1)))
    other = thread_of(come_in(scene, stranger("Else", subject="Another matter")))
    assert first == again != other
    assert first.enrollment is None


def test_references_join_what_neither_writer_nor_subject_would(scene: Scene) -> None:
    first = thread_of(come_in(scene, stranger(message_id="<one@elsewhere.example>")))
    raw = mail(
        "I take over", sender="Eve <eve@third.example>", subject="New", references="<x@y> <one@elsewhere.example>"
    )
    assert thread_of(come_in(scene, raw)) == first


def test_references_lead_into_nobodys_conversation_of_another_workspace(scene: Scene) -> None:
    first = thread_of(come_in(scene, stranger(message_id="<one@elsewhere.example>")))
    other = make_scene("other")
    second = thread_of(come_in(other, stranger("Me", in_reply_to="<one@elsewhere.example>")))
    assert second != first
    assert second.workspace == other.workspace


def test_machines_neither_wake_a_conversation_nor_make_it_unread(scene: Scene) -> None:
    thread = thread_of(come_in(scene, mail("Yes", in_reply_to=scene.message.message_id)))
    Thread.objects.update(state=ThreadState.DONE, done_at=CAME_AT, is_unread=False, is_awaiting=False)
    come_in(scene, mail("Away until Monday", in_reply_to=scene.message.message_id, **AWAY), at=CAME_AT + days(1))
    come_in(scene, dsn(scene.message.message_id), at=CAME_AT + days(2))
    thread.refresh_from_db()
    assert (thread.state, thread.is_unread, thread.mails) == (ThreadState.DONE, False, 3)
    assert (thread.newest_kind, thread.newest_at) == (Kind.BOUNCE, CAME_AT + days(2))
    assert thread.address == "ada@x.example", "a report is about the person"


def test_a_bounce_alone_is_no_talk(scene: Scene) -> None:
    thread = thread_of(come_in(scene, dsn(scene.message.message_id)))
    assert (thread.is_talk, thread.is_unread, thread.is_awaiting) == (False, False, False)


def test_a_new_mail_of_a_person_wakes_what_sleeps_or_was_put_away(scene: Scene) -> None:
    thread = thread_of(come_in(scene, mail("Yes", in_reply_to=scene.message.message_id)))
    Thread.objects.update(state=ThreadState.SNOOZED, snoozed_until=CAME_AT + days(9), is_unread=False)
    come_in(scene, mail("Hello?", in_reply_to=scene.message.message_id), at=CAME_AT + days(1))
    thread.refresh_from_db()
    assert (thread.state, thread.snoozed_until, thread.is_unread) == (ThreadState.OPEN, None, True)


def test_a_mail_that_is_read_late_changes_nothing_newer(scene: Scene) -> None:
    come_in(scene, mail("The newer", in_reply_to=scene.message.message_id), at=CAME_AT + days(2))
    thread = thread_of(come_in(scene, mail("The older", in_reply_to=scene.message.message_id), at=CAME_AT))
    assert (thread.snippet, thread.newest_at, thread.mails) == ("The newer", CAME_AT + days(2), 2)


def test_an_opt_out_awaits_no_answer(scene: Scene) -> None:
    thread = thread_of(come_in(scene, mail("Please unsubscribe me", in_reply_to=scene.message.message_id)))
    assert (thread.is_talk, thread.is_awaiting) == (True, False)


def test_what_we_wrote_elsewhere_answers_the_conversation(scene: Scene) -> None:
    come_in(scene, stranger(message_id="<one@elsewhere.example>"))
    own = mail("My answer", sender="Me <me@acme.example>", in_reply_to="<one@elsewhere.example>")
    thread = thread_of(come_in(scene, own, at=CAME_AT + days(1)))
    assert (thread.is_awaiting, thread.written_at, thread.address) == (
        False,
        CAME_AT + days(1),
        "Bob@Elsewhere.example",
    )


def test_what_a_person_says_of_the_newest_answer_is_said_of_the_conversation(scene: Scene) -> None:
    older = come_in(scene, mail("Maybe", in_reply_to=scene.message.message_id))
    newer = come_in(scene, mail("Yes", in_reply_to=scene.message.message_id), at=CAME_AT + days(1))
    version = thread_of(newer).version
    label(scene.member, older, ReplyClass.NEGATIVE)
    assert thread_of(newer).says == ""
    label(scene.member, newer, ReplyClass.POSITIVE)
    assert (thread_of(newer).says, thread_of(newer).version) == (ReplyClass.POSITIVE, version + 1)


@pytest.mark.parametrize("subject", ["Re: Offer", "AW: re: offer", "Fwd: Re[2]:  OFFER", "  offer "])
def test_a_topic_is_the_subject_without_what_answers_put_before_it(subject: str) -> None:
    assert topic_of(subject) == topic_of("Offer") != topic_of("Offers")


@given(st.text(max_size=5000))
def test_a_snippet_is_one_short_line(text: str) -> None:
    assert len(snippet_of(text)) <= 160
    assert "\n" not in snippet_of(text)


def test_a_snippet_passes_over_what_is_quoted() -> None:
    assert snippet_of("> Hello\n>> again\n\nYes,\n please") == "Yes, please"


def test_a_mail_that_a_person_says_is_theirs_goes_into_their_conversation(scene: Scene) -> None:
    theirs = thread_of(come_in(scene, mail("Yes", in_reply_to=scene.message.message_id)))
    apart = come_in(scene, mail("It is me", sender="Bob <bob@x.example>", subject="Re: Hello"), at=CAME_AT + days(1))
    assert thread_of(apart) != theirs
    assert apart.suggested == scene.message
    assert accept(scene.member, apart)
    assert thread_of(apart) == theirs
    assert (Thread.objects.get().mails, Thread.objects.get().address) == (2, "bob@x.example")


def test_a_conversation_becomes_theirs_where_they_have_none(scene: Scene) -> None:
    apart = come_in(scene, mail("It is me", sender="Bob <bob@x.example>", subject="Re: Hello"))
    before = thread_of(apart)
    assert accept(scene.member, apart)
    thread = thread_of(apart)
    assert thread == before
    assert (thread.enrollment, thread.contact) == (scene.person, scene.contact)
