"""The form of a mailbox: what is wrong stands beside its field, secrets never come back, nothing is stored half."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from outreach.accounts.access import Member
from sending.imap import Account
from sending.mailboxes.connections import reading_account, smtp_server
from sending.mailboxes.models import ConnectionTest, Credential, Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.sandbox.world import SandboxWorld
from sending.smtp import Server
from tests.builders import PASSWORD, make_mailbox, make_workspace
from tests.sending.imap.faultpop3d import FaultPop3
from tests.sending.mailboxes.stage import errors_of, form, page, sandbox_form, text_of

pytestmark = pytest.mark.django_db


def secrets_of(mailbox: Mailbox) -> tuple[Server, Account]:
    row = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    return smtp_server(row), reading_account(row)


def create(client: Client, member: Member, **changes: object) -> tuple[int, str]:
    response = client.post(member.url("mailboxes:create"), form(**changes))
    return response.status_code, response.text


def edit(client: Client, member: Member, mailbox: Mailbox, **changes: object) -> tuple[int, str]:
    values = {"address": mailbox.address, "smtp_username": mailbox.smtp_username, "smtp_password": ""}
    response = client.post(member.url("mailboxes:edit", mailbox.pk), form(**(values | changes)))
    return response.status_code, response.text


def test_a_mailbox_is_connected_tested_and_active_in_one_step(
    admin: Client, member: Member, world: SandboxWorld
) -> None:
    response = admin.post(member.url("mailboxes:create"), sandbox_form(world, "Me0@Acme.test"))
    mailbox = Mailbox.objects.get()
    assert (response.status_code, response["Location"]) == (302, member.url("mailboxes:detail", mailbox.pk))
    assert (mailbox.address, mailbox.state) == ("me0@acme.test", MailboxState.ACTIVE)
    assert (mailbox.workspace, mailbox.created_by) == (member.workspace, member.user)
    assert (mailbox.imap_username, mailbox.gap_min_s, mailbox.gap_max_s) == ("me0@acme.test", 360, 720)
    assert [account.password for account in secrets_of(mailbox)] == [world.accounts["me0@acme.test"]] * 2
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert "it sends nothing" not in text
    assert text.count("Passed") == 2


WRONG_FIELDS = [
    ("address", "", "required"),
    ("address", "me at acme", "valid email"),
    ("reply_to", "nobody", "valid email"),
    ("smtp_host", "", "required"),
    ("smtp_host", "https://smtp.acme.test", "name of the server alone"),
    ("smtp_host", "smtp.acme.test:587", "name of the server alone"),
    ("imap_host", "me@acme.test", "name of the server alone"),
    ("imap_host", "imap acme", "name of the server alone"),
    ("smtp_port", "0", "greater than or equal to 1"),
    ("smtp_port", "65536", "less than or equal to 65535"),
    ("imap_port", "imap", "whole number"),
    ("smtp_security", "ssl", "valid choice"),
    ("imap_security", "", "required"),
    ("smtp_username", "", "required"),
    ("smtp_password", "", "required"),
    ("ca_pem", "no certificate", "not a certificate in PEM form"),
    ("ca_pem", "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "not a certificate in PEM form"),
    ("daily_limit", "0", "greater than or equal to 1"),
    ("daily_limit", "2001", "less than or equal to 2000"),
    ("hourly_limit", "0", "greater than or equal to 1"),
    ("hourly_limit", "501", "less than or equal to 500"),
    ("gap_min_minutes", "1.9", "greater than or equal to 2"),
    ("gap_min_minutes", "nan", "Enter a number"),
    ("gap_max_minutes", "241", "less than or equal to 240"),
    ("gap_max_minutes", "5.9", "cannot be shorter than the shortest"),
    ("ramp_start", "0", "greater than or equal to 1"),
    ("ramp_start", "501", "less than or equal to 500"),
    ("ramp_step", "-1", "greater than or equal to 0"),
    ("ramp_step", "101", "less than or equal to 100"),
]


@pytest.mark.parametrize(("field", "value", "words"), WRONG_FIELDS)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_stored(
    admin: Client, member: Member, field: str, value: str, words: str
) -> None:
    status, html = create(admin, member, **{field: value})
    assert status == 422
    assert set(errors_of(html)) == {field}
    assert words in errors_of(html)[field]
    assert not Mailbox.objects.exists()
    assert not Credential.objects.exists()


@pytest.mark.parametrize("host", ["smtp.acme.test", "127.0.0.1", "::1", "büro.example", "mail_1.acme.test"])
def test_a_host_may_be_a_name_or_an_address(admin: Client, member: Member, host: str) -> None:
    status, html = create(admin, member, smtp_host=host, address="broken")
    assert (status, set(errors_of(html))) == (422, {"address"})


def test_an_empty_form_is_refused_with_every_missing_field(admin: Client, member: Member) -> None:
    response = admin.post(member.url("mailboxes:create"), {})
    assert response.status_code == 422
    assert {"address", "smtp_host", "smtp_password", "imap_host", "daily_limit"} <= set(errors_of(response.text))


def test_the_limits_at_their_ends_are_taken(admin: Client, member: Member) -> None:
    for number, (daily, hourly, low, high, step) in enumerate([(1, 1, 2, 2, 0), (2000, 500, 240, 240, 100)]):
        status, _ = create(
            admin, member, address=f"me{number}@acme.test", daily_limit=daily, hourly_limit=hourly,
            gap_min_minutes=low, gap_max_minutes=high, ramp_step=step, ramp_start=daily // 4 or 1, ramp_on=None,
        )  # fmt: skip
        assert status == 302
    rows = Mailbox.objects.order_by("address").values_list("daily_limit", "hourly_limit", "gap_min_s", "ramp_on")
    assert list(rows) == [(1, 1, 120, False), (2000, 500, 14_400, False)]


def test_no_password_comes_back_and_none_is_logged(
    admin: Client, member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"smtp_password": "smtp-s3cret", "imap_password": "imap-s3cret"}
    _, refused = create(admin, member, address="broken", **secrets)
    status, _ = create(admin, member, **secrets)
    assert status == 302
    mailbox = Mailbox.objects.get()
    pages = [
        refused,
        edit(admin, member, mailbox, address="broken", **secrets)[1],
        *(page(admin, member, name, mailbox.pk) for name in ("mailboxes:edit", "mailboxes:detail")),
        page(admin, member, "mailboxes:list"),
    ]
    for text in (*pages, caplog.text):
        assert "s3cret" not in text
    for html in (*pages[:3], page(admin, member, "mailboxes:create")):
        fields = re.findall(r'<input[^>]*type="password"[^>]*>', html)
        assert len(fields) == 2
        assert all('autocomplete="new-password"' in field and "value=" not in field for field in fields)


def test_the_form_of_a_stored_mailbox_shows_what_is_stored(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace, smtp_port=2525, gap_min_s=150, daily_limit=17, ramp_on=False)
    html = page(admin, member, "mailboxes:edit", mailbox.pk)
    for field, value in (("smtp_port", "2525"), ("gap_min_minutes", "2.5"), ("daily_limit", "17")):
        assert re.search(rf'<input[^>]*name="{field}"[^>]*value="{value}"|value="{value}"[^>]*name="{field}"', html)
    assert "Empty: keep the stored one." in html


def test_an_empty_password_keeps_the_stored_one_and_a_new_one_replaces_it(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    assert edit(admin, member, mailbox, daily_limit=12)[0] == 302
    mailbox.refresh_from_db()
    assert mailbox.daily_limit == 12
    assert [account.password for account in secrets_of(mailbox)] == [PASSWORD] * 2
    assert edit(admin, member, mailbox, imap_password="only imap")[0] == 302
    assert [account.password for account in secrets_of(mailbox)] == [PASSWORD, "only imap"]


@pytest.mark.parametrize("protocol", ["smtp", "imap"])
def test_a_stored_password_goes_to_no_other_server(admin: Client, member: Member, protocol: str) -> None:
    mailbox = make_mailbox(member.workspace)
    status, html = edit(admin, member, mailbox, **{f"{protocol}_host": "evil.test"})
    assert status == 422
    words = "The stored password was given for 127.0.0.1. Type it again, so that evil.test may get it."
    assert errors_of(html) == {f"{protocol}_password": words}
    mailbox.refresh_from_db()
    assert (mailbox.smtp_host, mailbox.imap_host) == ("127.0.0.1", "127.0.0.1")
    assert not ConnectionTest.objects.exists()
    status, _ = edit(
        admin, member, mailbox, **{f"{protocol}_host": "no.invalid", f"{protocol}_password": "typed again"}
    )
    assert status == 302
    assert edit(admin, member, mailbox, **{f"{protocol}_host": "NO.invalid"})[0] == 302


def test_an_address_is_connected_once_in_a_workspace(admin: Client, member: Member) -> None:
    make_mailbox(member.workspace, "me@acme.test")
    status, html = create(admin, member, address="ME@Acme.Test")
    assert status == 422
    assert errors_of(html) == {"address": "me@acme.test is connected already."}
    assert Mailbox.objects.count() == Credential.objects.count() == 1


def test_another_workspace_may_connect_the_same_address(admin: Client, member: Member) -> None:
    make_mailbox(make_workspace("other"), "me@acme.test")
    assert create(admin, member)[0] == 302
    assert Mailbox.objects.filter(address="me@acme.test").count() == 2


def test_an_edit_to_a_taken_address_changes_nothing(admin: Client, member: Member) -> None:
    make_mailbox(member.workspace, "taken@acme.test")
    mailbox = make_mailbox(member.workspace, "me@acme.test")
    changes = {"address": "Taken@acme.test", "smtp_password": "new", "imap_password": "new", "daily_limit": 3}
    status, html = edit(admin, member, mailbox, **changes)
    assert status == 422
    assert errors_of(html) == {"address": "taken@acme.test is connected already."}
    mailbox.refresh_from_db()
    assert (mailbox.address, mailbox.daily_limit) == ("me@acme.test", 30)
    assert [account.password for account in secrets_of(mailbox)] == [PASSWORD] * 2


def test_a_raised_limit_counts_at_once(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace, state=MailboxState.ACTIVE)
    MailboxClock.objects.update(look_at=Now() + timedelta(hours=20))
    assert edit(admin, member, mailbox, daily_limit=40)[0] == 302
    assert MailboxClock.objects.filter(look_at__lte=Now()).exists()


def test_a_mailbox_read_over_pop3_is_saved_and_tested_over_it(admin: Client, member: Member) -> None:
    with FaultPop3(mails={"a": b"Subject: x\r\n\r\n"}) as server:
        status, _ = create(admin, member, reading="pop3", imap_port=server.port, imap_security="plain")
    assert status == 302
    mailbox = Mailbox.objects.get()
    assert mailbox.reading == "pop3"
    rows = {row.protocol: row for row in ConnectionTest.objects.all()}
    assert set(rows) == {"smtp", "pop3"}
    assert rows["pop3"].passed
    assert "Mails that lie there: 1." in str(rows["pop3"].transcript)
    assert "POP3 test" in text_of(page(admin, member, "mailboxes:detail", mailbox.pk))


def test_only_the_tests_of_the_protocol_in_use_are_shown(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    for protocol in ("smtp", "imap", "pop3"):
        ConnectionTest.objects.create(mailbox=mailbox, protocol=protocol, passed=True)
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert ("IMAP test" in text, "POP3 test" in text) == (True, False)
    Mailbox.objects.update(reading="pop3")
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert ("IMAP test" in text, "POP3 test" in text) == (False, True)


@pytest.mark.parametrize(
    ("reading", "port", "words"),
    [
        ("pop3", 993, "993 is the port of IMAP; choose that, or one of 995 and 110."),
        ("pop3", 143, "143 is the port of IMAP"),
        ("imap", 995, "995 is the port of POP3; choose that, or one of 993 and 143."),
        ("imap", 110, "110 is the port of POP3"),
    ],
)
def test_the_port_of_the_other_protocol_is_told(
    admin: Client, member: Member, reading: str, port: int, words: str
) -> None:
    status, html = create(admin, member, reading=reading, imap_port=port)
    assert status == 422
    assert words in errors_of(html)["imap_port"]
