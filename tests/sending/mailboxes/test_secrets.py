"""Passwords at rest: sealed, bound to their place, opened after a change of keys, and never lost without a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from outreach.accounts.access import Member
from outreach.env import env
from outreach.kit.crypto import SealBroken
from sending.imap import SignInRefused
from sending.mailboxes import services
from sending.mailboxes.connections import reading_account, smtp_server, smtp_servers
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.states import MailboxState
from sending.mailboxes.testing import test_connections as try_connections
from tests.builders import make_mailbox

pytestmark = pytest.mark.django_db

Change = Callable[[str, str], None]


def sealed(mailbox: Mailbox, *, smtp: str = "smtp secret", imap: str = "imap secret") -> Credential:
    services.store_passwords(mailbox, smtp=smtp, imap=imap)
    return Credential.objects.select_related("mailbox").get(mailbox=mailbox)


def opened(mailbox: Mailbox) -> tuple[str, str]:
    row = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    return smtp_server(row).password, reading_account(row).password


def test_the_row_holds_no_password_in_plain_text(member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    sealed(mailbox)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT smtp_password, imap_password FROM mailboxes_credential WHERE mailbox_id = %s", [mailbox.pk]
        )
        (row,) = cursor.fetchall()
        cursor.execute("SELECT m::text FROM mailboxes_mailbox m")
        everything = str(cursor.fetchall())
    for stored in map(bytes, row):
        assert b"secret" not in stored
        assert stored.startswith(b"gAAAA")  # a Fernet token
    assert row[0] != row[1]
    assert "secret" not in everything
    assert opened(mailbox) == ("smtp secret", "imap secret")


def test_equal_passwords_do_not_look_equal(member: Member) -> None:
    rows = [sealed(make_mailbox(member.workspace, f"{name}@a.test"), smtp="same", imap="same") for name in "ab"]
    values = {bytes(value or b"") for row in rows for value in (row.smtp_password, row.imap_password)}
    assert len(values) == 4


def test_a_secret_that_is_moved_to_another_row_does_not_open(member: Member) -> None:
    mine, theirs = (sealed(make_mailbox(member.workspace, f"{name}@a.test")) for name in ("mine", "theirs"))
    Credential.objects.filter(pk=mine.pk).update(smtp_password=theirs.smtp_password, imap_password=theirs.imap_password)
    mine = Credential.objects.select_related("mailbox").get(pk=mine.pk)
    with pytest.raises(SealBroken, match="another place"):
        smtp_server(mine)
    with pytest.raises(SignInRefused, match="cannot be opened"):
        reading_account(mine)


def test_a_secret_that_is_moved_to_another_use_does_not_open(member: Member) -> None:
    row = sealed(make_mailbox(member.workspace))
    row.smtp_password, row.imap_password = row.imap_password, row.smtp_password
    with pytest.raises(SealBroken):
        smtp_server(row)
    with pytest.raises(SignInRefused):
        reading_account(row)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(member: Member, setting: Change) -> None:
    (old_key,) = env().credential_keys
    old, new_key = make_mailbox(member.workspace, "old@a.test"), Fernet.generate_key().decode()
    sealed(old)
    setting("OUTREACH_CREDENTIAL_KEYS", f"{new_key} {old_key}")
    new = make_mailbox(member.workspace, "new@a.test")
    sealed(new)
    assert opened(old) == opened(new) == ("smtp secret", "imap secret")
    setting("OUTREACH_CREDENTIAL_KEYS", new_key)
    assert opened(new) == ("smtp secret", "imap secret")
    with pytest.raises(SealBroken, match="no key"):
        opened(old)


def test_a_lost_key_stops_its_own_mailboxes_and_says_so(
    member: Member, setting: Change, caplog: pytest.LogCaptureFixture
) -> None:
    lost, good = (make_mailbox(member.workspace, f"{name}@a.test", state="active") for name in ("lost", "good"))
    setting("OUTREACH_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    sealed(good)
    servers = smtp_servers([lost.pk, good.pk])
    assert {pk: server.password for pk, server in servers.items()} == {good.pk: "smtp secret"}
    lost.refresh_from_db()
    good.refresh_from_db()
    assert (lost.state, lost.state_reason) == (MailboxState.NEEDS_SIGN_IN, "The stored password cannot be opened.")
    assert good.state == MailboxState.ACTIVE
    assert f"mailboxes.seal_broken mailbox={lost.pk}" in caplog.text


def test_a_lost_key_is_explained_by_the_connection_test(member: Member, setting: Change) -> None:
    mailbox = make_mailbox(member.workspace, state="active")
    setting("OUTREACH_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    for test in try_connections(mailbox):
        assert not test.passed
        assert test.what == "The stored password cannot be opened."
        assert "OUTREACH_CREDENTIAL_KEYS" in test.why
        assert "Type the password again" in test.fix
    mailbox.refresh_from_db()
    assert mailbox.state == MailboxState.NEEDS_SIGN_IN


@pytest.mark.parametrize(
    ("stored", "typed", "expected"),
    [
        (("a", "b"), ("", ""), ("a", "b")),
        (("a", "b"), ("new", ""), ("new", "b")),
        (("a", "b"), ("", "new"), ("a", "new")),
        (("a", "b"), ("new", "newer"), ("new", "newer")),
        (("a", "a"), ("", ""), ("a", "a")),
        (("a", "a"), ("new", ""), ("new", "new")),  # one password served for both: it still does
        (("a", "a"), ("", "new"), ("a", "new")),
    ],
)
def test_an_empty_password_keeps_the_stored_one(
    member: Member, stored: tuple[str, str], typed: tuple[str, str], expected: tuple[str, str]
) -> None:
    mailbox = make_mailbox(member.workspace)
    sealed(mailbox, smtp=stored[0], imap=stored[1])
    services.update_mailbox(mailbox, {"display_name": "New"}, smtp=typed[0], imap=typed[1])
    assert opened(mailbox) == expected


def test_typing_the_password_anew_heals_a_lost_key(member: Member, setting: Change) -> None:
    mailbox = make_mailbox(member.workspace)
    sealed(mailbox, smtp="a", imap="a")
    setting("OUTREACH_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    services.update_mailbox(mailbox, {}, smtp="new", imap="")
    assert opened(mailbox) == ("new", "new")


def test_no_server_and_no_account_shows_its_secret(member: Member) -> None:
    row = sealed(make_mailbox(member.workspace))
    assert "secret" not in repr(smtp_server(row))
    assert "secret" not in repr(reading_account(row))
