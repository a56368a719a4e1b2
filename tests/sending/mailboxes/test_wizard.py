"""The button "Fill in the servers": a whole page without JavaScript, a region with it, and nothing is ever saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.mailboxes import discovery
from sending.mailboxes.models import Mailbox
from tests.builders import PASSWORD, make_mailbox, make_member
from tests.dnsserver import FakeDns
from tests.sending.mailboxes.stage import form, page, text_of

pytestmark = pytest.mark.django_db

ZONE = "acme.test. 60 IN MX 1 aspmx.l.google.com.\nown.test. 60 IN MX 10 mx.own.test.\n"
NEW = {
    "smtp_host": "", "smtp_port": "587", "smtp_security": "starttls", "smtp_username": "", "imap_host": "",
    "imap_port": "993", "imap_security": "tls", "imap_username": "",
}  # fmt: skip
GOOGLE = {
    "smtp_host": "smtp.gmail.com", "smtp_port": "465", "smtp_security": "tls", "smtp_username": "me@acme.test",
    "imap_host": "imap.gmail.com", "imap_port": "993", "imap_security": "tls", "imap_username": "me@acme.test",
}  # fmt: skip


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDns]:
    with FakeDns(ZONE) as running:
        monkeypatch.setattr(discovery, "make_resolver", running.resolver)
        yield running


def press(client: Client, member: Member, *args: int, htmx: bool = False, **changes: object) -> Any:
    name = "mailboxes:edit_servers" if args else "mailboxes:servers"
    headers = {"HX-Request": "true", "HX-Target": "servers"} if htmx else {}
    return client.post(member.url(name, *args), form(**(NEW | changes)), headers=headers)


def fields_of(html: str) -> dict[str, Any]:
    """Return what the form holds, as the browser would send it."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in attributes and (attributes.get("type") != "checkbox" or " checked" in tag):
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        found[name] = re.findall(r'<option value="(\w+)" selected>', options)[0]
    return found


def test_the_servers_are_filled_in_and_nothing_is_saved(admin: Client, member: Member) -> None:
    response = press(admin, member, display_name="Ada <Own>", daily_limit="44", ramp_on=None)
    assert response.status_code == 200
    fields = fields_of(response.text)
    assert {name: fields[name] for name in GOOGLE} == GOOGLE
    assert (fields["address"], fields["display_name"], fields["daily_limit"]) == ("me@acme.test", "Ada <Own>", "44")
    assert "ramp_on" not in fields
    text = text_of(response.text)
    assert "The mail of acme.test goes to Google Workspace (aspmx.l.google.com)." in text
    assert "create an app password" in text
    assert "2,000 messages in 24 hours" in text
    assert PASSWORD not in response.text
    assert not Mailbox.objects.exists()


def test_the_page_that_answers_saves_to_the_address_of_the_form(admin: Client, member: Member) -> None:
    html = press(admin, member).text
    assert f'<form class="form" method="post" action="{member.url("mailboxes:create")}"' in html
    first = re.findall(r"<button[^>]*>", html.partition("<main")[2])[0]
    assert "formaction" not in first, "Enter in a field would fill in the servers instead of saving"
    values = fields_of(html) | {"smtp_host": "127.0.0.1", "smtp_port": "1", "imap_host": "127.0.0.1", "imap_port": "1"}
    response = admin.post(member.url("mailboxes:create"), values | {"smtp_password": PASSWORD})
    assert response.status_code == 302
    assert Mailbox.objects.get().smtp_username == "me@acme.test"


def test_with_htmx_the_region_alone_comes_and_is_that_of_the_page(admin: Client, member: Member) -> None:
    whole, alone = press(admin, member), press(admin, member, htmx=True)
    assert alone.text.strip().startswith('<fieldset id="servers"')
    assert alone.text.strip() in whole.text
    assert "HX-Request" in whole["Vary"]
    assert "servers-filled" in alone["HX-Trigger-After-Settle"]
    passwords = re.findall(r'<input[^>]*type="password"[^>]*>', alone.text)
    assert len(passwords) == 2
    assert all('hx-preserve="true"' in tag and "value=" not in tag for tag in passwords)


def test_an_unknown_domain_gets_a_guess_that_says_so(admin: Client, member: Member) -> None:
    html = press(admin, member, address="me@own.test").text
    assert fields_of(html)["smtp_host"] == "mail.own.test"
    assert "the servers below are a guess" in text_of(html)
    assert "mx.own.test, a server that is not known here" in text_of(html)


def test_what_was_typed_by_hand_stays_until_its_owner_says_otherwise(admin: Client, member: Member) -> None:
    typed: dict[str, Any] = {"smtp_host": "relay.own.test", "imap_username": "other"}
    html = press(admin, member, **typed).text
    fields = fields_of(html)
    assert (fields["smtp_host"], fields["smtp_port"], fields["imap_host"]) == (
        "relay.own.test",
        "587",
        "imap.gmail.com",
    )
    assert fields["imap_username"] == "other"
    text = text_of(html)
    assert "SMTP host: relay.own.test instead of smtp.gmail.com" in text
    assert "User name for reading: other instead of me@acme.test" in text
    assert "Replace what I typed" in text
    fields = fields_of(press(admin, member, **typed, replace="1").text)
    assert {name: fields[name] for name in GOOGLE} == GOOGLE


def test_pop3_is_filled_in_where_it_is_chosen_and_known(admin: Client, member: Member) -> None:
    first = fields_of(press(admin, member).text)
    second = press(admin, member, **(first | {"reading": "pop3"}))
    fields = fields_of(second.text)
    assert (fields["reading"], fields["imap_host"], fields["imap_port"]) == ("pop3", "pop.gmail.com", "995")
    assert "What you typed was left" not in second.text
    back = fields_of(press(admin, member, **(fields | {"reading": "imap"})).text)
    assert (back["imap_host"], back["imap_port"]) == ("imap.gmail.com", "993")


def test_where_no_pop3_server_is_known_imap_is_filled_in_and_that_is_told(admin: Client, member: Member) -> None:
    html = press(admin, member, address="ada@web.de", reading="pop3").text
    fields = fields_of(html)
    assert (fields["reading"], fields["imap_host"]) == ("imap", "imap.web.de")
    assert "No POP3 server of this provider is known here" in text_of(html)
    own = press(admin, member, address="ada@web.de", reading="pop3", imap_host="pop3.web.de", imap_port="995")
    fields = fields_of(own.text)
    assert (fields["reading"], fields["imap_host"], fields["imap_port"]) == ("pop3", "pop3.web.de", "995")


def test_another_address_replaces_what_was_filled_in_for_the_first(admin: Client, member: Member) -> None:
    first = fields_of(press(admin, member).text)
    second = press(admin, member, **(first | {"address": "ada@web.de"}))
    fields = fields_of(second.text)
    assert (fields["smtp_host"], fields["smtp_username"], fields["imap_username"]) == ("smtp.web.de", "ada", "ada")
    assert "What you typed was left" not in second.text
    third = fields_of(press(admin, member, **(fields | {"address": "me@acme.test"})).text)
    assert {name: third[name] for name in GOOGLE} == GOOGLE


def test_a_form_that_is_refused_remembers_what_was_filled_in(admin: Client, member: Member) -> None:
    values = fields_of(press(admin, member).text) | {"smtp_password": ""}
    refused = admin.post(member.url("mailboxes:create"), values)
    assert refused.status_code == 422
    again = press(admin, member, **(fields_of(refused.text) | {"address": "ada@web.de"}))
    assert fields_of(again.text)["smtp_host"] == "smtp.web.de"


@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_no_address_is_told_and_the_rest_stays(admin: Client, member: Member, *, htmx: bool) -> None:
    response = press(admin, member, address="me at acme", smtp_host="relay.own.test", htmx=htmx)
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert "Type the whole address" in text_of(response.text)
    assert fields_of(response.text)["smtp_host"] == "relay.own.test"


def test_a_stored_mailbox_keeps_its_servers_and_hears_of_others(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace, "me@acme.test", smtp_host="smtp.gmail.com", smtp_port=587)
    stored = fields_of(page(admin, member, "mailboxes:edit", mailbox.pk))
    html = press(admin, member, mailbox.pk, **stored).text
    fields = fields_of(html)
    assert (fields["smtp_port"], fields["imap_host"]) == ("587", "127.0.0.1")
    assert "SMTP port: 587 instead of 465" in text_of(html)
    assert f'action="{member.url("mailboxes:edit", mailbox.pk)}"' in html
    assert "Empty: keep the stored one." in html
    mailbox.refresh_from_db()
    assert mailbox.smtp_port == 587


def test_only_those_who_connect_mailboxes_ask_the_dns(client: Client, member: Member, server: FakeDns) -> None:
    client.force_login(make_member(member.workspace, Role.MEMBER).user)
    assert press(client, member).status_code == 403
    assert client.get(member.url("mailboxes:limit")).status_code == 403
    assert server.asked == []


def limit(client: Client, member: Member, **values: str) -> str:
    response = client.get(member.url("mailboxes:limit"), values, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return text_of(response.text)


def test_a_high_limit_is_warned_about_beside_its_field_while_it_is_typed(admin: Client, member: Member) -> None:
    gmail = {"smtp_host": "smtp.gmail.com", "address": "me@gmail.com"}
    assert limit(admin, member, daily_limit="50", **gmail) == ""
    assert "Above 50" in limit(admin, member, daily_limit="51", **gmail)
    assert "More than Gmail bears (500 a day)" in limit(admin, member, daily_limit="501", **gmail)
    for nonsense in ("", "many", "-1", "9" * 5000, "٣٠٠٠²"):
        assert limit(admin, member, daily_limit=nonsense) == ""


def test_a_high_limit_is_taken_with_its_warning(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(
        member.workspace, "me@acme.test", smtp_host="smtp.gmail.com", daily_limit=60, smtp_username="me"
    )
    for name in ("mailboxes:edit", "mailboxes:detail"):
        text = text_of(page(admin, member, name, mailbox.pk))
        assert "A high limit for mail to strangers Above 50 messages" in text
    Mailbox.objects.update(daily_limit=50)
    for name in ("mailboxes:edit", "mailboxes:detail"):
        assert "A high limit" not in page(admin, member, name, mailbox.pk)


def test_the_page_of_a_mailbox_names_its_provider(admin: Client, member: Member) -> None:
    known = make_mailbox(member.workspace, "me@acme.test", smtp_host="smtp.gmail.com")
    unknown = make_mailbox(member.workspace, "me@own.test", smtp_host="mail.own.test")
    assert "Provider Google Workspace, at most 2,000 a day (smtp.gmail.com)" in text_of(
        page(admin, member, "mailboxes:detail", known.pk)
    )
    assert "Provider not known (mail.own.test)" in text_of(page(admin, member, "mailboxes:detail", unknown.pk))
