"""Answers that a restored database has lost: put back from journals and Sent folders, and never sent again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer, close, serving_in_thread
from sending.guard.models import Stranger
from sending.guard.prints import person_print
from sending.guard.services import remember
from sending.inbox.models import Answer, InboundMessage, Thread
from sending.inbox.reading import read
from sending.inbox.threads.answers import answer
from sending.inbox.threads.ground import ground_of
from sending.inbox.threads.queries import threads_of
from sending.inbox.threads.returning import put_back_answers
from sending.inbox.threads.searching import read_search
from sending.inbox.threads.states import Scope
from sending.mailboxes.models import Spending
from sending.outbox.models import OutboundMessage
from sending.outbox.recovery import recall
from sending.outbox.scribe import Journal
from sending.outbox.states import MessageState
from sending.sandbox.world import SandboxWorld
from tests.sending.imap.post import Post as Account
from tests.sending.inbox.boxes import make_read_scene
from tests.sending.inbox.scene import come_in, mail
from tests.sending.inbox.threads.test_answers import HER_MAIL, answered, talk, wish
from tests.sending.inbox.threads.test_page import signed_in
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.outbox.test_recovery import send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serving_in_thread(FaultServer()) as running:
        yield running


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.IN_DOUBT])
def test_an_answer_is_put_back_as_its_journal_knows_it_and_nobody_gets_a_second_one(
    server: FaultServer, tmp_path: Path, state: MessageState
) -> None:
    post, thread = talk(server)
    made = answer(post.member, thread, wish()).message
    make_due()
    if state is MessageState.IN_DOUBT:
        server.script = {"dot": close()}
    journal = Journal(tmp_path, "")
    send(journal)
    journal.close()
    assert answered(thread).state == state
    # The backup was made between her mail and the answer.
    Answer.objects.all().delete()
    OutboundMessage.objects.filter(pk=made.pk).delete()
    Thread.objects.update(is_awaiting=True, written_at=None)
    charged = Spending.objects.count()
    assert recall(tmp_path) == {"unknown": 1}
    assert "A message left for ada@x.test" in ground_of(Thread.objects.get()).overruled, "she is not answered unawares"
    assert put_back_answers(post.mailbox, None) == 1
    assert put_back_answers(post.mailbox, None) == 0
    back, after = answered(thread), Thread.objects.get()
    assert (back.message_id, back.state, back.recipient) == (made.message_id, state, "ada@x.test")
    assert (back.subject, back.in_reply_to, back.contact) == ("Re: Hello", HER_MAIL, post.people[0])
    assert (after.is_awaiting, ground_of(after).overruled) == (False, "")
    assert Spending.objects.count() == charged + 1
    assert recall(tmp_path) == {}
    make_due()
    assert deliver() == 0
    page = signed_in(post.member).get(post.member.url("inbox:thread", thread.pk)).text
    assert "Its words were lost with the database" in page


def test_an_answer_waits_until_the_mail_that_it_answers_is_read_again(server: FaultServer) -> None:
    post, _ = talk(server)
    at = clock.now() + timedelta(seconds=1)
    remember("<lost@acme.example>", person_print("bob@x.test"), at, workspace_id=post.mailbox.workspace_id,
             mailbox_id=post.mailbox.pk)  # fmt: skip
    assert put_back_answers(post.mailbox, None) == 0
    InboundMessage.objects.update(from_address="Bob@x.test", contact=None)
    assert put_back_answers(post.mailbox, None) == 0, "not before an hour has passed"
    Stranger.objects.update(looked_at=clock.now() - timedelta(hours=2))
    assert put_back_answers(post.mailbox, None) == 1
    back = OutboundMessage.objects.get(message_id="<lost@acme.example>")
    assert (back.contact.email, back.contact.is_correspondent, back.state) == (
        "Bob@x.test",
        True,
        MessageState.IN_DOUBT,
    )


def test_a_copy_in_the_sent_folder_brings_the_words_back(world: SandboxWorld) -> None:
    scene = make_read_scene(world)
    row = come_in(
        scene, mail("What does it cost?", message_id=HER_MAIL, in_reply_to=scene.message.message_id), at=clock.now()
    )
    lost, at = "<lost@acme.example>", row.received_at + timedelta(hours=1)
    remember(lost, person_print("sales@x.example"), at, workspace_id=scene.workspace.pk, mailbox_id=scene.mailbox.pk)
    copy = mail("Ten a month.", sender="me@acme.example", to="sales@x.example", message_id=lost, in_reply_to=HER_MAIL)
    Account(world, scene.mailbox.address).deliver(copy, "Sent")
    assert read(scene.mailbox.pk).is_complete
    back = OutboundMessage.objects.get(message_id=lost)
    assert (back.body_text.strip(), back.state, back.recipient) == (
        "Ten a month.",
        MessageState.SENT,
        "sales@x.example",
    )
    assert (back.answer.thread_id, back.answer.author, back.reason) == (
        row.thread_id, None, "Proved by: a copy in the Sent folder",
    )  # fmt: skip
    assert [one.pk for one in threads_of(scene.member, Scope.ALL, sought=read_search("ten month"))] == [row.thread_id]
    assert not Stranger.objects.exists()
    assert not Thread.objects.get().is_awaiting
