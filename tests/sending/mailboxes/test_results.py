"""What a connection test stores and moves: dialogue without secrets, explanation and state, together or not at all."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client

from outreach.accounts.access import Member
from sending.chaos.faultsmtpd import Act, say
from sending.ledger.models import Event
from sending.mailboxes import services
from sending.mailboxes.models import ConnectionTest
from sending.mailboxes.states import MailboxState
from sending.mailboxes.testing import test_connections as try_connections
from sending.sandbox.world import SandboxWorld
from tests.builders import PASSWORD, make_sandbox_mailbox
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.mailboxes.servers import BOTH, WRONG, connected, outcome, server_of, smtp_of, words_of
from tests.sending.mailboxes.stage import ledger_away, page, text_of

pytestmark = pytest.mark.django_db


def test_a_mailbox_that_both_servers_let_in_carries_mail(member: Member, world: SandboxWorld) -> None:
    mailbox = make_sandbox_mailbox(member.workspace, world.info, "me0@acme.test", state=MailboxState.UNTESTED)
    smtp, imap = try_connections(mailbox)
    assert (smtp.protocol, smtp.passed, imap.protocol, imap.passed) == ("smtp", True, "imap", True)
    mailbox.refresh_from_db()
    assert (mailbox.state, mailbox.state_reason) == (MailboxState.ACTIVE, "")
    assert "Folders: INBOX (inbox), Junk (junk), Sent (sent)" in json.dumps(imap.transcript)
    for row in (smtp, imap):
        sides = {line["side"] for line in row.transcript}
        assert sides == {"client", "server", "note"}
        assert all(line["at_ms"] >= 0 for line in row.transcript)


def test_a_wrong_password_at_the_sandbox_is_told_by_both(member: Member, world: SandboxWorld) -> None:
    mailbox = make_sandbox_mailbox(member.workspace, world.info, "me0@acme.test", state=MailboxState.ACTIVE)
    services.store_passwords(mailbox, smtp="not the secret", imap="not the secret")
    for row in try_connections(mailbox):
        assert not row.passed
        assert row.what.startswith("The server answered: ")
        assert "password is wrong" in row.why
        assert "Type both again" in row.fix
        assert "not the secret" not in json.dumps(row.transcript)
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.NEEDS_SIGN_IN
    assert mailbox.state_reason.startswith("The server answered: 535")


@BOTH
def test_a_refused_password_makes_the_mailbox_need_a_new_one(member: Member, protocol: str) -> None:
    with connected(member, **{protocol: server_of(protocol, WRONG)}, state=MailboxState.ACTIVE) as mailbox:
        row = outcome(mailbox, protocol)
    assert "password is wrong" in row.why
    mailbox.refresh_from_db()
    assert (mailbox.state, mailbox.state_reason) == (MailboxState.NEEDS_SIGN_IN, row.what)


@BOTH
def test_a_mailbox_stays_untested_until_its_first_passed_test(member: Member, protocol: str) -> None:
    with connected(member, **{protocol: server_of(protocol, WRONG)}) as mailbox:
        outcome(mailbox, protocol)
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.UNTESTED


@BOTH
def test_a_server_that_is_busy_does_not_blame_the_password(member: Member, protocol: str) -> None:
    busy = {"auth": say(b"454 4.7.0 Temporary failure\r\n"), "AUTHENTICATE": say(b"{tag} NO [UNAVAILABLE] Later\r\n")}
    with connected(member, **{protocol: server_of(protocol, busy)}, state=MailboxState.ACTIVE) as mailbox:
        row = outcome(mailbox, protocol)
    assert "Wait some minutes" in row.fix
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.ACTIVE


def test_no_secret_is_kept_where_a_server_repeats_it(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {
        "auth": say(f"535 5.7.8 {PASSWORD} is wrong\r\n".encode()),
        "AUTHENTICATE": say(f"{{tag}} NO {PASSWORD} is wrong\r\n".encode()),
    }
    with connected(member, smtp=smtp_of(echo), imap=FaultImap(echo), state=MailboxState.ACTIVE) as mailbox:
        rows = try_connections(mailbox)
    mailbox.refresh_from_db()
    stored = [json.dumps(row.transcript) + words_of(row) for row in rows]
    for text in (*stored, mailbox.state_reason, str(Event.objects.get().data), caplog.text):
        assert PASSWORD not in text
    assert all("******** is wrong" in text for text in (*stored, mailbox.state_reason))


def test_signs_that_no_database_takes_are_marked(member: Member) -> None:
    odd = b"hi \x00\x1b[31m \xff\r\n"
    smtp = smtp_of({"banner": say(b"220 " + odd), "auth": say(b"535 " + odd)}, extensions=("AUTH PL\x00AIN LOGIN",))
    with connected(member, smtp=smtp, imap=FaultImap({"greeting": say(b"* BYE " + odd)})) as mailbox:
        rows = try_connections(mailbox)
    assert all("\ufffd" in row.what for row in rows)
    for row in ConnectionTest.objects.all():
        assert all(line["text"].replace("\n", "").isprintable() for line in row.transcript)


def test_a_test_ends_no_pause(member: Member) -> None:
    with connected(member, state=MailboxState.NEEDS_SIGN_IN) as mailbox:
        services.pause(mailbox.pk, "Paused by Ada.")  # by another person, while the test runs
        assert mailbox.state == MailboxState.NEEDS_SIGN_IN
        assert all(row.passed for row in try_connections(mailbox))
    mailbox.refresh_from_db()
    assert (mailbox.state, mailbox.state_reason) == (MailboxState.PAUSED, "Paused by Ada.")


@pytest.mark.parametrize("state", [MailboxState.PAUSED, MailboxState.BLOCKED])
@pytest.mark.parametrize("script", [{}, WRONG])
def test_a_mailbox_that_is_stopped_is_tested_and_stays_stopped(
    member: Member, state: MailboxState, script: dict[str, Act]
) -> None:
    with connected(member, imap=FaultImap(script), state=state) as mailbox:
        assert len(try_connections(mailbox)) == 2
    mailbox.refresh_from_db()
    assert mailbox.state == state


@pytest.mark.django_db(transaction=True)
def test_results_and_state_are_stored_together_or_not_at_all(member: Member) -> None:
    with connected(member) as mailbox, ledger_away():
        try_connections(mailbox)
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.UNTESTED
    assert not ConnectionTest.objects.exists()


def test_the_page_tells_what_happened_why_and_what_to_do(admin: Client, member: Member) -> None:
    with connected(member, imap=FaultImap(WRONG)) as mailbox:
        response = admin.post(member.url("mailboxes:test", mailbox.pk))
    assert response.status_code == 302
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    row = ConnectionTest.objects.get(protocol="imap")
    for words in (row.what, row.why, row.fix, "AUTHENTICATE PLAIN", "********", "Untested: it sends nothing"):
        assert words in text
    assert text.index("SMTP test") < text.index("IMAP test")
    assert "What is wrong, and what to do, stands below." in text
    assert "Mend what the test found" in text
