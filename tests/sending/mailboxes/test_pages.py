"""The list and the page of a mailbox: what they show, what they offer to whom, what they cost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.mailboxes.models import ConnectionTest, Spending
from sending.mailboxes.states import MailboxState
from tests.builders import make_mailbox, make_member, make_workspace
from tests.sending.mailboxes.stage import page, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        (MailboxState.ACTIVE, "pause", MailboxState.PAUSED),
        (MailboxState.NEEDS_SIGN_IN, "pause", MailboxState.PAUSED),
        (MailboxState.PAUSED, "resume", MailboxState.ACTIVE),
        (MailboxState.BLOCKED, "resume", MailboxState.ACTIVE),
        (MailboxState.UNTESTED, "resume", MailboxState.UNTESTED),
        (MailboxState.NEEDS_SIGN_IN, "resume", MailboxState.NEEDS_SIGN_IN),
        (MailboxState.PAUSED, "pause", MailboxState.PAUSED),
    ],
)
def test_a_person_pauses_and_resumes_and_hears_when_it_cannot_be(
    admin: Client, member: Member, state: MailboxState, verb: str, after: MailboxState
) -> None:
    mailbox = make_mailbox(member.workspace, state=state)
    response = admin.post(member.url(f"mailboxes:{verb}", mailbox.pk), follow=True)
    mailbox.refresh_from_db()
    assert mailbox.state == after
    assert ("it cannot become" in text_of(response.text)) is (state is after)
    if (verb, state) == ("pause", MailboxState.ACTIVE):
        assert mailbox.state_reason == f"Paused by {member.user.email}."
        assert mailbox.state_reason in text_of(response.text)


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (MailboxState.UNTESTED, {"test", "removal"}),
        (MailboxState.ACTIVE, {"test", "pause"}),
        (MailboxState.PAUSED, {"test", "resumption"}),
        (MailboxState.NEEDS_SIGN_IN, {"test", "pause"}),
        (MailboxState.BLOCKED, {"test", "resumption"}),
    ],
)
def test_the_page_offers_what_the_state_allows(
    admin: Client, member: Member, state: MailboxState, buttons: set[str]
) -> None:
    mailbox = make_mailbox(member.workspace, state=state)
    html = page(admin, member, "mailboxes:detail", mailbox.pk)
    assert set(re.findall(rf'action="[^"]*/mailboxes/{mailbox.pk}/([\w-]+)"', html)) == buttons


@pytest.mark.parametrize(
    ("role", "connects", "acts"), [(Role.VIEWER, False, False), (Role.MEMBER, False, True), (Role.ADMIN, True, True)]
)
def test_nobody_is_offered_what_their_role_refuses(
    client: Client, member: Member, role: Role, *, connects: bool, acts: bool
) -> None:
    client.force_login(make_member(member.workspace, role, email="other@acme.test").user)
    assert ("Connect a mailbox" in page(client, member, "mailboxes:list")) is connects
    mailbox = make_mailbox(member.workspace, state=MailboxState.ACTIVE)
    for html in (page(client, member, "mailboxes:list"), page(client, member, "mailboxes:detail", mailbox.pk)):
        links = set(re.findall(r'href="[^"]*/mailboxes/([^"]*)"', html))
        assert bool(links & {"new", f"{mailbox.pk}/edit"}) is connects
    assert ("Test now" in html) is acts
    assert ("Pause" in html) is acts
    assert client.get(member.url("mailboxes:edit", mailbox.pk)).status_code == (200 if connects else 403)
    assert client.post(member.url("mailboxes:pause", mailbox.pk)).status_code == (302 if acts else 403)


def test_the_list_shows_state_budget_and_what_holds(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace, "a@acme.test", state=MailboxState.ACTIVE)
    Spending.objects.bulk_create([Spending(mailbox=mailbox) for _ in range(5)])
    make_mailbox(member.workspace, "b@acme.test", state=MailboxState.BLOCKED, state_reason="550 5.7.1 go away")
    make_mailbox(make_workspace("other"), "stranger@acme.test")
    text = text_of(page(admin, member, "mailboxes:list"))
    assert text.index("a@acme.test") < text.index("b@acme.test")
    assert "5 of 5 sent · the ramp allows 5 of 30" in text
    assert "5 of 5 messages of the last 24 hours are sent" in text
    assert "The mailbox is blocked: 550 5.7.1 go away" in text
    assert "stranger@acme.test" not in text


def test_the_region_alone_is_the_region_of_the_page(admin: Client, member: Member) -> None:
    make_mailbox(member.workspace)
    whole = admin.get(member.url("mailboxes:list"))
    alone = admin.get(member.url("mailboxes:list"), headers={"HX-Request": "true"})
    assert alone.text.strip() in whole.text
    assert alone.text.strip().startswith('<div id="mailboxes"')
    assert "HX-Request" in whole["Vary"]


def test_the_newest_test_of_each_protocol_is_shown(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    for what in ("old words", "new words"):
        for protocol in ("imap", "smtp"):
            ConnectionTest.objects.create(
                mailbox=mailbox, protocol=protocol, passed=False, what=f"{protocol} {what}", why="why", fix="fix"
            )
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert "old words" not in text
    assert text.index("smtp new words") < text.index("imap new words")


@pytest.mark.parametrize("name", ["mailboxes:list", "mailboxes:detail"])
def test_twenty_mailboxes_cost_as_many_queries_as_one(admin: Client, member: Member, name: str) -> None:
    first = make_mailbox(member.workspace, "0@acme.test", state=MailboxState.ACTIVE)
    args = [first.pk] if name == "mailboxes:detail" else []
    page(admin, member, name, *args)
    with CaptureQueriesContext(connection) as few:
        page(admin, member, name, *args)
    for number in range(1, 20):
        mailbox = make_mailbox(member.workspace, f"{number}@acme.test", state=MailboxState.ACTIVE)
        Spending.objects.create(mailbox=mailbox)
    with CaptureQueriesContext(connection) as many:
        page(admin, member, name, *args)
    assert len(few) == len(many)
    assert not any("mailboxes_credential" in query["sql"] for query in many.captured_queries)
