"""The card of the test mail on a mailbox's page: whom it offers, when it is held, and what it shows afterwards."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.chaos.faultsmtpd import FaultServer, say
from sending.mailboxes.models import ConnectionTest
from sending.mailboxes.states import MailboxState
from tests.builders import PASSWORD, make_mailbox, make_member, make_workspace
from tests.sending.mailboxes.stage import page, text_of
from tests.sending.mailboxes.test_selfmail import ME, at, rested

pytestmark = pytest.mark.django_db


def send(client: Client, member: Member, pk: int, recipient: str = ME) -> str:
    response = client.post(member.url("mailboxes:test_mail", pk), {"recipient": recipient}, follow=True)
    assert response.redirect_chain == [(member.url("mailboxes:detail", pk) + "#test-mail", 302)]
    return response.text


def test_the_outcome_stands_on_the_page_with_its_dialogue(admin: Client, member: Member) -> None:
    with at(member, FaultServer({})) as mailbox:
        html = send(admin, member, mailbox.pk)
    text = text_of(html)
    assert "The test mail has left." in text
    assert "Test mail to me@acme.test Passed" in text
    assert "The server has taken the message for me@acme.test" in text
    assert "RCPT TO:<me@acme.test>" in text
    assert PASSWORD not in html
    assert "callout-green" in html
    assert f"Test mail {member.user.email} sends a test mail to me@acme.test." in text
    assert "No test mail can leave now. The mailbox keeps a gap between two messages." in text


def test_a_refusal_stands_on_the_page_with_its_fix(admin: Client, member: Member) -> None:
    with at(member, FaultServer({"rcpt": say(b"550 5.1.1 no such user\r\n")})) as mailbox:
        text = text_of(send(admin, member, mailbox.pk))
    assert "Test mail to me@acme.test Failed" in text
    assert "The server answered to RCPT: 550 5.1.1 no such user" in text
    assert "Check the recipient's address." in text


def test_what_cannot_be_sent_is_told_and_not_stored(admin: Client, member: Member) -> None:
    mailbox = rested(make_mailbox(member.workspace, ME, state=MailboxState.ACTIVE))
    assert "to nobody else" in text_of(send(admin, member, mailbox.pk, "stranger@other.test"))
    assert "No test mail was sent." in text_of(send(admin, member, mailbox.pk, ""))
    assert not ConnectionTest.objects.exists()


@pytest.mark.parametrize("state", [state for state in MailboxState if state is not MailboxState.ACTIVE])
def test_only_an_active_mailbox_offers_it_and_the_others_say_why(
    admin: Client, member: Member, state: MailboxState
) -> None:
    mailbox = rested(make_mailbox(member.workspace, ME, state=state))
    html = page(admin, member, "mailboxes:detail", mailbox.pk)
    assert "Send a test mail" not in html
    assert "No test mail can leave now. The mailbox" in text_of(html)


def test_tested_mailboxes_are_offered_and_nobody_else(admin: Client, member: Member) -> None:
    make_member(member.workspace, Role.VIEWER, email="viewer@acme.test")
    make_mailbox(make_workspace("other"), "stranger@other.test", state=MailboxState.ACTIVE)
    make_mailbox(member.workspace, "tested@acme.test", state=MailboxState.PAUSED)
    make_mailbox(member.workspace, "saved@acme.test", state=MailboxState.UNTESTED)
    mailbox = rested(make_mailbox(member.workspace, ME, state=MailboxState.ACTIVE))
    html = page(admin, member, "mailboxes:detail", mailbox.pk)
    assert re.findall(r"<option>(.*?)</option>", html) == [ME, "tested@acme.test"]


def test_viewers_are_neither_offered_it_nor_told_of_the_members(client: Client, member: Member) -> None:
    client.force_login(make_member(member.workspace, Role.VIEWER).user)
    mailbox = rested(make_mailbox(member.workspace, ME, state=MailboxState.ACTIVE))
    html = page(client, member, "mailboxes:detail", mailbox.pk)
    assert "test-mail" not in html
    assert member.user.email not in html
    assert client.post(member.url("mailboxes:test_mail", mailbox.pk), {"recipient": ME}).status_code == 403
