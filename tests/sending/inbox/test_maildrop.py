"""Reading over POP3: each mail once, nothing deleted, nothing old taken in, nothing lost behind faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime

import pytest

from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.chaos.faultsmtpd import Act, close, say
from sending.imap import Protocol
from sending.inbox import filling_drops
from sending.inbox import reading as reading_of
from sending.inbox.filling import ask
from sending.inbox.models import BackFill, DropItem, InboundMessage, MailboxSync
from sending.inbox.reading import read
from sending.inbox.seen import Reading
from sending.inbox.states import Seen
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests.builders import make_mailbox, make_member, make_workspace
from tests.sending.imap.faultpop3d import FaultPop3
from tests.sending.inbox.scene import mail, make_scene
from tests.sending.inbox.threads.test_page import signed_in

pytestmark = pytest.mark.django_db


def mail_of(number: int, *, days_ago: float = 0) -> bytes:
    """A mail as it lies at a server that got it so long ago."""
    came = f"Received: from x by y; {format_datetime(clock.now() - timedelta(days=days_ago))}\r\n"
    return came.encode() + mail(f"Text {number}", sender=f"p{number}@x.example", message_id=f"<{number}@x.example>")


def box_at(server: FaultPop3, workspace: Workspace) -> Mailbox:
    mailbox = make_mailbox(
        workspace,
        state=MailboxState.ACTIVE,
        reading=Protocol.POP3,
        imap_port=server.port,
        imap_security="plain",
    )
    MailboxSync.objects.create(mailbox=mailbox)
    return mailbox


@contextmanager
def begun(server: FaultPop3) -> Iterator[Mailbox]:
    """A mailbox whose first reading is over."""
    with server:
        mailbox = box_at(server, make_member(make_workspace()).workspace)
        assert read(mailbox.pk).is_complete
        yield mailbox


def texts() -> list[str]:
    return list(InboundMessage.objects.order_by("id").values_list("text", flat=True))


def heard(server: FaultPop3, word: str) -> list[str]:
    return [line for line in server.heard if line.startswith(word)]


def test_what_lies_there_at_first_is_remembered_and_only_what_comes_then_is_read() -> None:
    server = FaultPop3(mails={"a": mail_of(1), "b": mail_of(2)})
    with begun(server) as mailbox:
        assert heard(server, "RETR") == []
        assert texts() == []
        server.mails["c"] = mail_of(3)
        assert read(mailbox.pk) == Reading(taken_in=1, is_complete=True)
        assert read(mailbox.pk) == Reading(is_complete=True)
    assert [text.strip() for text in texts()] == ["Text 3"]
    assert heard(server, "RETR") == ["RETR 3"]
    assert heard(server, "DELE") == []
    assert MailboxClock.objects.get(mailbox=mailbox).synced_at is not None


def test_an_answer_that_lies_there_already_is_read_once_something_was_sent() -> None:
    server = FaultPop3(mails={"old": mail_of(8, days_ago=40)})
    with server:
        scene = make_scene(box=lambda workspace: box_at(server, workspace))
        answer = mail("Yes, tell me more.", in_reply_to=scene.message.message_id, message_id="<answer@x.example>")
        server.mails["new"] = answer
        reading = read(scene.mailbox.pk)
    assert (reading.taken_in, reading.is_complete) == (1, True)
    assert scene.stands == ("stopped", "replied")


def test_a_mail_under_another_unique_id_is_known_by_its_content() -> None:
    server = FaultPop3()
    with begun(server) as mailbox:
        server.mails = {"a": mail_of(1)}
        read(mailbox.pk)
        server.mails = {"renumbered": mail_of(1)}
        assert read(mailbox.pk) == Reading(known=1, is_complete=True)
    assert len(texts()) == 1


def test_what_lies_there_no_more_is_forgotten_and_an_empty_list_is_not_believed() -> None:
    server = FaultPop3(mails={"a": mail_of(1), "b": mail_of(2)})
    with begun(server) as mailbox:
        del server.mails["a"]
        read(mailbox.pk)
        assert set(DropItem.objects.values_list("uidl", flat=True)) == {"b"}
        server.mails, kept = {}, server.mails
        read(mailbox.pk)
        server.mails = kept
        assert read(mailbox.pk) == Reading(is_complete=True)
    assert heard(server, "RETR") == []


def test_a_mail_that_is_refused_hides_none_behind_it_and_is_asked_for_again() -> None:
    server = FaultPop3()
    with begun(server) as mailbox:
        server.mails = {"a": mail_of(1), "b": mail_of(2), "c": mail_of(3)}
        server.script = {"RETR 2": say(b"-ERR cannot\r\n")}
        reading = read(mailbox.pk)
        assert "asked for mail b" in reading.problem
        assert not reading.is_complete
        assert [text.strip() for text in texts()] == ["Text 1", "Text 3"]
        server.script = {}
        assert read(mailbox.pk) == Reading(taken_in=1, is_complete=True)
    assert len(texts()) == 3


def test_a_server_that_hangs_up_in_a_mail_costs_only_that_one() -> None:
    server = FaultPop3()
    with begun(server) as mailbox:
        server.mails = {"a": mail_of(1), "b": mail_of(2)}
        server.script = {"RETR 2": close(b"+OK\r\nSubject: ha")}
        assert read(mailbox.pk).problem
        server.script = {}
        assert read(mailbox.pk) == Reading(taken_in=1, is_complete=True)
    assert len(texts()) == 2


def test_an_endless_mail_is_cut_and_those_behind_it_are_read_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_of, "MAX_BYTES", 5_000)
    server = FaultPop3(abilities="USER UIDL")
    with begun(server) as mailbox:
        server.mails = {"a": mail_of(1) + b"x" * 70 * 200 + b"\r\n", "b": mail_of(2)}
        assert read(mailbox.pk) == Reading(taken_in=1)
        assert read(mailbox.pk) == Reading(taken_in=1, is_complete=True)
    assert [row.truncated for row in InboundMessage.objects.order_by("id")] == [True, False]


def test_more_than_fits_into_one_reading_is_read_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_of, "MOST_MAILS", 2)
    server = FaultPop3()
    with begun(server) as mailbox:
        server.mails = {f"u{number}": mail_of(number) for number in range(5)}
        assert [read(mailbox.pk).is_complete for _ in range(3)] == [False, False, True]
    assert len(texts()) == 5


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"-ERR [AUTH] wrong\r\n", MailboxState.NEEDS_SIGN_IN),
        (b"-ERR [IN-USE] later\r\n", MailboxState.ACTIVE),
        (b"-ERR [LOGIN-DELAY] later\r\n", MailboxState.ACTIVE),
    ],
)
def test_a_refused_password_needs_a_new_one_and_a_busy_server_does_not(answer: bytes, state: MailboxState) -> None:
    server = FaultPop3()
    with begun(server) as mailbox:
        script: dict[str, Act] = {"PASS": say(answer)}
        server.script = script
        assert read(mailbox.pk).problem
    mailbox.refresh_from_db()
    assert mailbox.state == state


def test_a_message_in_doubt_waits_for_no_proof_from_a_mailbox_without_folders() -> None:
    server = FaultPop3()
    with server:
        scene = make_scene(box=lambda workspace: box_at(server, workspace))
        OutboundMessage.objects.update(state=MessageState.IN_DOUBT, sent_at=None)
        read(scene.mailbox.pk)
    message = OutboundMessage.objects.get()
    assert message.state == MessageState.IN_DOUBT
    assert message.search.seen == Seen.NO_FOLDER


def test_pop3_servers_are_asked_more_seldom() -> None:
    server = FaultPop3()
    with begun(server) as mailbox:
        Spending.objects.create(mailbox=mailbox)
        read(mailbox.pk)
        next_at = MailboxSync.objects.get(mailbox=mailbox).next_at
        assert timedelta(minutes=4) < next_at - clock.now() < timedelta(minutes=6)


def test_older_mail_that_a_person_asks_for_is_read_from_the_newest_back_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_of, "MOST_MAILS", 2)
    server = FaultPop3(mails={f"u{number}": mail_of(number, days_ago=9.5 - number) for number in range(6)})
    with begun(server) as mailbox:
        member = make_member(mailbox.workspace, email="asker@acme.example")
        ask(member, mailbox, 8)
        server.mails["new"] = mail_of(9)
        assert read(mailbox.pk).fills
        page = signed_in(member).get(member.url("inbox:reading", mailbox.pk)).text
        assert "at most 6 left" in page
        assert read(mailbox.pk).fills
        del server.mails["u5"]  # by its owner's own program: what was looked at once may be looked at again
        while read(mailbox.pk).fills:
            pass
        server.script = {"RETR 1": close()}  # nothing is asked for any more
        assert read(mailbox.pk) == Reading(is_complete=True)
    assert sorted(text.strip() for text in texts()) == ["Text 2", "Text 3", "Text 4", "Text 5", "Text 9"]
    old = InboundMessage.objects.filter(is_back_fill=True)
    assert sorted(row.text.strip() for row in old) == ["Text 2", "Text 3", "Text 4", "Text 5"]
    done = BackFill.objects.get()
    assert (done.taken_in, done.left, done.finished_at is not None) == (4, 0, True)
    assert heard(server, "DELE") == []


def test_it_ends_at_mails_that_are_older_and_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling_drops, "OLDER_IN_A_ROW", 2)
    mails = {f"u{number}": mail_of(number, days_ago=30 if number != 4 else 1) for number in range(8)}
    server = FaultPop3(mails=mails)
    with begun(server) as mailbox:
        member = make_member(mailbox.workspace, email="asker@acme.example")
        ask(member, mailbox, 5)
        assert not read(mailbox.pk).fills
        assert heard(server, "RETR") == ["RETR 8", "RETR 7"]
        server.mails = {f"v{number}": mail_of(number, days_ago=1) for number in range(8)}
        read(mailbox.pk)
        monkeypatch.setattr(filling_drops, "MOST_OF_A_DROP", 3)
        ask(member, mailbox, 5)
        assert not read(mailbox.pk).fills
    assert BackFill.objects.get().looked_at == 3


def test_a_mail_that_is_refused_does_not_hold_up_older_ones() -> None:
    server = FaultPop3(mails={"a": mail_of(1, days_ago=1), "b": mail_of(2, days_ago=1)})
    with begun(server) as mailbox:
        server.script = {"RETR 2": say(b"-ERR cannot\r\n")}
        ask(make_member(mailbox.workspace, email="asker@acme.example"), mailbox, 5)
        assert not read(mailbox.pk).fills
    assert [text.strip() for text in texts()] == ["Text 1"]
