"""What other programs do to a mailbox while it is read, at a real Dovecot: each mail once, none lost."""

from __future__ import annotations

import contextlib

import pytest

from sending.imap import ImapError, RawMail, open_mailbox
from sending.inbox import aside, reading
from sending.inbox.models import InboundMessage, MailboxSync, MailFolder
from sending.inbox.services import take_in
from sending.mailboxes.connections import reading_account
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import store_passwords
from sending.mailboxes.states import MailboxState
from tests.builders import make_mailbox, make_workspace
from tests.sending.imap import dovecot
from tests.sending.imap.post import Post
from tests.sending.inbox.scene import mail
from tests.sending.inbox.test_listening import make_box, server

__all__ = ["server"]
pytestmark = [pytest.mark.dovecot, pytest.mark.django_db(transaction=True)]


def subjects() -> list[str]:
    return sorted(InboundMessage.objects.values_list("subject", flat=True))


def one(number: int) -> bytes:
    return mail(f"Text {number}", subject=f"Mail {number}", message_id=f"<{number}@x.example>")


def test_a_folder_that_is_deleted_and_made_anew_is_read_anew_and_each_mail_counts_once(
    server: dovecot.Dovecot,
) -> None:
    post = Post(server, "box6@heard.test")
    mailbox = make_box(post, make_workspace())
    for number in range(3):
        post.deliver(one(number), "Junk")
    assert reading.read(mailbox.pk).taken_in == 3
    before = MailFolder.objects.get(name="Junk")
    with post.other_client() as client:
        client.delete_folder("Junk")
        client.create_folder("Junk")
    for number in (1, 3, 0):  # two of the old ones are moved back, under numbers that had been others'
        post.deliver(one(number), "Junk")
    found = reading.read(mailbox.pk)
    assert (found.taken_in, found.known, found.is_complete) == (1, 2, True)
    assert MailFolder.objects.get(name="Junk").uid_validity != before.uid_validity
    assert subjects() == [f"Mail {number}" for number in range(4)]


def test_mails_that_are_expunged_in_the_middle_of_a_reading_hide_none_behind_them(
    server: dovecot.Dovecot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = Post(server, "box7@heard.test")
    mailbox = make_box(post, make_workspace())
    for number in range(5):
        post.deliver(one(number))

    def expunging(box: Mailbox, raw: RawMail, **how: bool) -> InboundMessage | None:
        if b"Mail 1" in raw.raw:
            with post.other_client() as client:
                client.select_folder("INBOX")
                client.delete_messages([raw.uid + 1, raw.uid + 2])
                client.expunge()
        return take_in(box, raw, **how)

    monkeypatch.setattr(aside, "take_in", expunging)
    found = reading.read(mailbox.pk)
    assert (found.taken_in, found.is_complete, found.problem) == (3, True, "")
    assert subjects() == ["Mail 0", "Mail 1", "Mail 4"]
    assert reading.read(mailbox.pk).taken_in == 0


def test_mails_that_the_administrator_expunges_between_two_readings_hide_none_that_come(
    server: dovecot.Dovecot,
) -> None:
    post = Post(server, "box7@heard.test")
    mailbox = make_box(post, make_workspace())
    for number in range(10, 13):
        post.deliver(one(number))
    assert reading.read(mailbox.pk).taken_in == 3
    post.deliver(one(13))
    server.expunge(post.address, "mailbox", "INBOX", "header", "subject", "Mail 1")  # all of them
    post.deliver(one(14))
    found = reading.read(mailbox.pk)
    assert (found.taken_in, found.is_complete, found.problem) == (1, True, "")
    assert subjects() == ["Mail 10", "Mail 11", "Mail 12", "Mail 14"], "what was read stays, and 13 was gone"


def test_aliases_of_an_account_that_bears_three_connections_are_read_without_a_refusal() -> None:
    account = "shared@heard.test"
    with dovecot.running({account: "secret"}, connections=3) as few:
        for number in range(5):
            alias = make_mailbox(
                make_workspace(f"w{number}"), f"alias{number}@heard.test", imap_host=few.host, imap_username=account,
                imap_port=few.imaps_port, ca_pem=few.ca_pem, state=MailboxState.ACTIVE,
            )  # fmt: skip
            store_passwords(alias, smtp="", imap="secret")
            MailboxSync.objects.create(mailbox=alias)
        leased = reading.lease_due(most=10)
        accounts = [reading_account(one.credential) for one in Mailbox.objects.filter(pk__in=leased)]
        with contextlib.ExitStack() as held:
            readers = [held.enter_context(open_mailbox(one)) for one in accounts]
            assert [len(reader.folders()) > 0 for reader in readers] == [True] * 3
            assert reading.lease_due(most=10) == [], "no fourth beside them"
            with pytest.raises(ImapError) as refusal, open_mailbox(accounts[0]):
                pass
            assert refusal.value.cause == "busy", "the server would not have borne it"
        for pk in leased:
            assert reading.read(pk).is_complete
        assert len(reading.lease_due(most=10)) == 2
