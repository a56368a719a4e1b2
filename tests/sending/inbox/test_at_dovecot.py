"""What other programs do to a mailbox while it is read, at a real Dovecot: each mail once, none lost."""

from __future__ import annotations

import pytest

from sending.imap import RawMail
from sending.inbox import aside, reading
from sending.inbox.models import InboundMessage, MailFolder
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox
from tests.builders import make_workspace
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
