"""A test mail to oneself over real servers: one message, inside every limit, and what became of it in words."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from cryptography.fernet import Fernet
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.chaos.faultsmtpd import Act, FaultServer, close, hang, say, serving_in_thread
from sending.guard.core import Kind
from sending.guard.models import Finding, Installation
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes import selfmail
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.models import ConnectionTest, Mailbox, MailboxClock, Spending
from sending.mailboxes.selfmail import NotNow, obstacle_of, recipients_for, send_to_self
from sending.mailboxes.states import MailboxState
from sending.sandbox.world import SandboxWorld
from tests.builders import PASSWORD, make_mailbox, make_member, make_sandbox_mailbox, make_suppression, make_workspace

pytestmark = pytest.mark.django_db

ME = "me@acme.test"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfmail, "TIMEOUTS", replace(selfmail.TIMEOUTS, greeting=0.5, command=0.5, data=0.5, dot=0.5))


@contextmanager
def at(member: Member, server: FaultServer, **values: object) -> Iterator[Mailbox]:
    columns = {"state": MailboxState.ACTIVE, "smtp_security": "plain", "signature": "Me, Acme", **values}
    with serving_in_thread(server) as running:
        yield rested(make_mailbox(member.workspace, ME, smtp_port=running.port, **columns))


def rested(mailbox: Mailbox) -> Mailbox:
    """Let the gap of a mailbox be over: in the one transaction of a test, a new one's would begin after its now()."""
    MailboxClock.objects.filter(mailbox=mailbox).update(free_at=Now() - timedelta(hours=1))
    return mailbox


def words_of(row: ConnectionTest) -> str:
    return f"{row.what}|{row.why}|{row.fix}"


def test_the_mail_leaves_and_is_charged_and_told(member: Member, world: SandboxWorld) -> None:
    mailbox = rested(make_sandbox_mailbox(member.workspace, world.info, "me1@acme.test", gap_min_s=600, gap_max_s=600))
    before = len(world.accepted())
    row = send_to_self(member, mailbox, "me1@acme.test")
    assert (row.passed, row.protocol, row.recipient) == (True, "mail", "me1@acme.test")
    assert row.what.startswith("The server has taken the message for me1@acme.test: 250")
    assert "Look for it in the inbox" in row.fix
    assert len(world.accepted()) == before + 1
    assert world.accepted()[-1]["recipient"] == "me1@acme.test"
    said = "".join(line["text"] for line in row.transcript)
    assert "RCPT TO:<me1@acme.test>" in said
    assert world.accounts["me1@acme.test"] not in said
    assert (budgets_of([mailbox])[0].usage.day, budgets_of([mailbox])[0].usage.new_leads_day) == (1, 0)
    assert MailboxClock.objects.filter(mailbox=mailbox, free_at__gt=Now() + timedelta(minutes=9)).exists()
    with pytest.raises(NotNow, match="keeps a gap between two messages"):
        send_to_self(member, mailbox, "me1@acme.test")
    assert len(world.accepted()) == before + 1
    assert list(ConnectionTest.objects.all()) == [row]
    event = Event.objects.get()
    assert (event.kind, event.mailbox_id, event.campaign_id) == (EventKind.TEST_MAIL, mailbox.pk, None)
    assert (event.data["by"], event.data["to"]) == (member.user.email, "me1@acme.test")
    assert event.said == f"{member.user.email} sends a test mail to me1@acme.test."


def test_the_message_is_what_a_person_would_recognise(member: Member) -> None:
    make_mailbox(member.workspace, "teammate@acme.test", state=MailboxState.PAUSED)
    server = FaultServer({})
    with at(member, server, display_name="Ada Löwe", reply_to="answers@acme.test") as mailbox:
        assert send_to_self(member, mailbox, "teammate@acme.test").passed
    (taken,) = server.accepted
    letter = message_from_bytes(taken, policy=SMTP)
    assert (letter["From"], letter["To"]) == ("Ada Löwe <me@acme.test>", "teammate@acme.test")
    assert (letter["Reply-To"], letter["X-Outreach-Test"]) == ("answers@acme.test", "1")
    assert letter["Message-ID"].endswith("@acme.test>")
    assert "Me, Acme" in letter.get_content()
    assert str(member.user) in letter.get_content()


def test_nobody_else_can_be_written_to(member: Member) -> None:
    make_member(make_workspace("other"), Role.OWNER, email="stranger@other.test")
    server = FaultServer({})
    with at(member, server) as mailbox:
        make_member(member.workspace, Role.VIEWER, email="ceo@prospect.test")
        make_mailbox(member.workspace, "saved@acme.test", state=MailboxState.UNTESTED)
        assert recipients_for(member, mailbox) == [ME]
        nobody = ("stranger@other.test", "", f"{ME}, x@other.test", "ME@acme.test", "saved@acme.test")
        for address in (*nobody, "ceo@prospect.test", member.user.email):
            with pytest.raises(NotNow, match="to nobody else"):
                send_to_self(member, mailbox, address)
    assert server.accepted == []
    assert not ConnectionTest.objects.exists()


def test_an_address_that_stands_twice_is_offered_once(member: Member) -> None:
    own = make_mailbox(member.workspace, member.user.email.upper(), state=MailboxState.ACTIVE)
    mailbox = make_mailbox(member.workspace, "ME@acme.test", state=MailboxState.ACTIVE)
    assert recipients_for(member, mailbox) == ["ME@acme.test", own.address]
    assert recipients_for(member, own) == [own.address, "ME@acme.test"]


def held(mailbox: Mailbox) -> None:
    MailboxClock.objects.filter(mailbox=mailbox).update(
        lease_owner=uuid.uuid4(), lease_until=Now() + timedelta(seconds=30)
    )


def backing_off(mailbox: Mailbox) -> None:
    MailboxClock.objects.filter(mailbox=mailbox).update(
        backoff_until=Now() + timedelta(minutes=1), backoff_words="The server asked us to wait."
    )


def spent(mailbox: Mailbox) -> None:
    Spending.objects.bulk_create([Spending(mailbox=mailbox) for _ in range(5)])


def five_sent(mailbox: Mailbox) -> None:
    ConnectionTest.objects.bulk_create(
        [ConnectionTest(mailbox=mailbox, protocol="mail", recipient=ME, passed=True) for _ in range(5)]
    )


def suppressed(mailbox: Mailbox) -> None:
    make_suppression(mailbox.workspace, ME)


def paused(mailbox: Mailbox) -> None:
    Mailbox.objects.update(state=MailboxState.PAUSED, state_reason="Paused by Ada.")


def in_a_copy(mailbox: Mailbox) -> None:
    Installation.objects.create(installation=uuid.uuid4(), head=9, raised_at=Now() - timedelta(seconds=61))


def in_a_copy_that_was_found(mailbox: Mailbox) -> None:
    Installation.objects.create(installation=uuid.uuid4(), head=9, is_paused=True)
    Finding.objects.create(place="server:/journal", kind=Kind.BEHIND)


def in_a_database_that_was_emptied(mailbox: Mailbox) -> None:
    Finding.objects.create(place="server:/journal", kind=Kind.NO_ROW)


OBSTACLES: list[tuple[Callable[[Mailbox], None], str]] = [
    (held, "A message is leaving the mailbox at this moment"),
    (backing_off, "The server asked us to wait."),
    (spent, "5 of 5 messages of the last 24 hours are sent"),
    (five_sent, "5 test mails of this hour are sent"),
    (suppressed, "me@acme.test is suppressed"),
    (paused, "The mailbox is paused: Paused by Ada."),
    (in_a_copy, "No worker has kept watch over this database for 60 seconds"),
    (in_a_copy_that_was_found, "Sending stands still until an owner has confirmed this database"),
    (in_a_database_that_was_emptied, "Sending stands still until an owner has confirmed this database"),
]


@pytest.mark.parametrize(("happen", "words"), OBSTACLES)
def test_where_no_message_may_leave_no_test_mail_does(
    member: Member, happen: Callable[[Mailbox], None], words: str
) -> None:
    server = FaultServer({})
    with at(member, server) as mailbox:
        happen(mailbox)
        rows, charges = ConnectionTest.objects.count(), Spending.objects.count()
        with pytest.raises(NotNow) as refusal:
            send_to_self(member, mailbox, ME)
        assert words in str(refusal.value)
        assert happen is suppressed or words in obstacle_of(mailbox)
    assert (server.commands, server.accepted) == ([], [])
    assert (ConnectionTest.objects.count(), Spending.objects.count()) == (rows, charges)


@pytest.mark.parametrize(("happen", "words"), OBSTACLES)
def test_what_happens_while_the_server_is_dialled_still_holds_the_mail(
    member: Member, monkeypatch: pytest.MonkeyPatch, happen: Callable[[Mailbox], None], words: str
) -> None:
    server = FaultServer({})
    charge = selfmail._charge

    def happened_meanwhile(trial: selfmail._Trial) -> bool:
        happen(mailbox)
        return charge(trial)

    with at(member, server) as mailbox:
        monkeypatch.setattr(selfmail, "_charge", happened_meanwhile)
        with pytest.raises(NotNow) as refusal:
            send_to_self(member, mailbox, ME)
    assert words in str(refusal.value)
    assert server.accepted == []
    assert not ConnectionTest.objects.exclude(passed=True).exists()
    assert Spending.objects.count() == (5 if happen is spent else 0)


def test_beside_a_stack_that_keeps_watch_a_test_mail_leaves(member: Member) -> None:
    Installation.objects.create(installation=uuid.uuid4(), head=9)
    Finding.objects.create(place="another:/journal", kind=Kind.NO_FILE)
    with at(member, FaultServer({})) as mailbox:
        assert send_to_self(member, mailbox, ME).passed


def test_test_mails_of_the_last_hour_count_and_older_ones_do_not(member: Member) -> None:
    with at(member, FaultServer({})) as mailbox:
        five_sent(mailbox)
        oldest = ConnectionTest.objects.order_by("id")[0]
        ConnectionTest.objects.filter(pk=oldest.pk).update(tested_at=Now() - timedelta(minutes=61))
        assert obstacle_of(mailbox) == ""


ENDS: list[tuple[dict[str, Act], bool, str]] = [
    ({"mail": say(b"550 5.7.60 SendAsDenied\r\n")}, False, "lets this account not send from this address"),
    ({"rcpt": say(b"550 5.1.1 no such user\r\n")}, False, "does not take mail for this recipient"),
    ({"rcpt": say(b"450 4.7.1 Greylisted, please try again later\r\n")}, False, "not tried again by itself"),
    ({"data": say(b"452 4.2.2 later\r\n")}, False, "not tried again by itself"),
    ({"dot": say(b"550 5.4.5 Daily user sending quota exceeded\r\n")}, True, "more than the server lets leave"),
    ({"dot": say(b"554 5.7.1 spam\r\n")}, True, "has looked at the message and does not want it"),
    ({"dot": close()}, True, "perhaps the server has it, perhaps not"),
    ({"dot": hang()}, True, "perhaps the server has it, perhaps not"),
    ({"banner": hang()}, False, "No answer in time"),
    ({"mail": hang()}, False, "fell silent before the message had left; nothing was sent"),
    ({"auth": say(b"535 5.7.8 wrong\r\n")}, False, "The user name or the password is wrong"),
]


@pytest.mark.parametrize(("script", "charged", "words"), ENDS)
def test_each_end_is_told_and_what_left_is_charged(
    member: Member, script: dict[str, Act], words: str, *, charged: bool
) -> None:
    with at(member, FaultServer(script)) as mailbox:
        row = send_to_self(member, mailbox, ME)
    assert not row.passed
    assert words in words_of(row)
    assert row.fix
    assert row.transcript
    assert PASSWORD not in str(row.transcript)
    assert Spending.objects.count() == charged
    assert list(ConnectionTest.objects.all()) == [row]
    *begun, end = Event.objects.filter(kind=EventKind.TEST_MAIL).order_by("id")
    assert len(begun) == charged
    assert end.said == f"The test mail of {member.user.email} to {ME}: {row.what}"
    mailbox.refresh_from_db()
    assert mailbox.state == (MailboxState.NEEDS_SIGN_IN if "auth" in script else MailboxState.ACTIVE)


def test_a_port_where_nobody_listens_is_told(member: Member) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    columns = {"state": MailboxState.ACTIVE, "smtp_port": port, "smtp_security": "plain"}
    mailbox = rested(make_mailbox(member.workspace, ME, **columns))
    row = send_to_self(member, mailbox, ME)
    assert row.what == f"Nothing listens at 127.0.0.1 on port {port}."
    assert not Spending.objects.exists()


@pytest.mark.parametrize(("step", "words"), [("banner", "The server had not done within 0.3 s."), ("dot", "perhaps")])
def test_a_person_does_not_wait_for_ever(
    member: Member, monkeypatch: pytest.MonkeyPatch, step: str, words: str
) -> None:
    monkeypatch.setattr(selfmail, "MOST_S", 0.3)
    monkeypatch.setattr(selfmail, "TIMEOUTS", replace(selfmail.TIMEOUTS, greeting=9, dot=9))
    with at(member, FaultServer({step: hang()})) as mailbox:
        row = send_to_self(member, mailbox, ME)
    assert words in words_of(row)
    assert bool(row.transcript) is (step == "dot")
    assert Spending.objects.count() == (step == "dot")


def test_a_program_that_dies_after_the_mail_has_left_leaves_a_word(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> ConnectionTest:
        raise KeyboardInterrupt

    monkeypatch.setattr(selfmail, "_judged", died)
    with at(member, FaultServer({})) as mailbox, pytest.raises(KeyboardInterrupt):
        send_to_self(member, mailbox, ME)
    row = ConnectionTest.objects.get()
    assert not row.passed
    assert "stopped after the message had left" in row.what
    assert Spending.objects.count() == 1
    assert Event.objects.get().said == f"{member.user.email} sends a test mail to {ME}."


def test_a_password_that_no_key_opens_is_told(member: Member, setting: Callable[[str, str], None]) -> None:
    mailbox = rested(make_mailbox(member.workspace, ME, state=MailboxState.ACTIVE))
    setting("OUTREACH_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    row = send_to_self(member, mailbox, ME)
    assert row.what == "The stored password cannot be opened."
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.NEEDS_SIGN_IN
