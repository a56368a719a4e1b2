"""What only a real server shows: large mails, lost connections, odd names of folders, no password in clear text."""

from __future__ import annotations

import tracemalloc

import pytest

from sending.imap import Folder, Unreachable
from sending.smtp import Security
from tests.sending.imap.post import INBOX, Post, mail
from tests.sending.imap.relay import Relay

pytestmark = pytest.mark.dovecot

MB = 1024 * 1024


def test_of_a_mail_of_ten_megabytes_only_the_head_crosses_the_wire(dovecot_post: Post) -> None:
    content = mail(1, size=10 * MB)
    dovecot_post.deliver(content)
    with Relay(dovecot_post.host, dovecot_post.server.imaps_port) as relay:
        with dovecot_post.reading(port=relay.port) as reader:
            (one,) = reader.fetch_since(INBOX, 0, limit=10, max_bytes=50_000)
        assert (one.raw, one.truncated, one.size) == (content[:50_000], True, len(content))
        assert 50_000 < relay.received < 100_000


def test_a_large_mail_that_is_wanted_is_held_in_memory_once(dovecot_post: Post) -> None:
    content = mail(1, size=10 * MB)
    dovecot_post.deliver(content)
    with dovecot_post.reading() as reader:
        reader.state(INBOX)
        tracemalloc.start()
        try:
            (one,) = reader.fetch_since(INBOX, 0, limit=10, max_bytes=25 * MB)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert one.raw == content
    assert most < 2 * len(content)


def test_a_connection_that_drops_in_the_middle_loses_nothing(dovecot_post: Post) -> None:
    for number in range(2):
        dovecot_post.deliver(mail(number))
    dovecot_post.deliver(mail(2, size=2 * MB))
    dovecot_post.deliver(mail(3))
    with (
        Relay(dovecot_post.host, dovecot_post.server.imaps_port) as relay,
        dovecot_post.reading(port=relay.port) as reader,
    ):
        mails = reader.fetch_since(INBOX, 0, limit=10, max_bytes=5 * MB)
        got = [next(mails), next(mails)]
        relay.cut_after = relay.received + MB
        with pytest.raises(Unreachable, match=r"The connection was lost \(reading\)\.") as caught:
            next(mails)
    assert caught.value.cause == "lost"
    assert [one.raw for one in got] == [mail(0), mail(1)]
    with dovecot_post.reading() as reader:
        rest = list(reader.fetch_since(INBOX, got[-1].uid, limit=10, max_bytes=5 * MB))
    assert [one.raw for one in rest] == [mail(2, size=2 * MB), mail(3)]


NAMES = [
    "NIL", "123", "0123", 'a "quoted" name', "back\\slash", "per%cent", "aste*risk", "Entwürfe", "Входящие", "box 📮",
    "R&D", "&-", "(brackets)", "{12}", "two  spaces", "Отчёты/März & Co", "INBOX 2", "x" * 200,
]  # fmt: skip


def test_folders_with_odd_names_are_told_and_read(dovecot_post: Post) -> None:
    with dovecot_post.other_client() as client:
        for number, name in enumerate(NAMES):
            client.create_folder(name)
            client.append(name, mail(number))
    with dovecot_post.reading() as reader:
        known = {folder.name: folder for folder in reader.folders()}
        assert set(NAMES) <= set(known)
        for number, name in enumerate(NAMES):
            assert known[name].role == "other"
            (one,) = reader.fetch_since(known[name], 0, limit=10, max_bytes=1_000)
            assert one.raw == mail(number)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Spam", "junk"),
        ("mail/Junk E-mail", "junk"),
        ("Gesendet", "sent"),
        ("about.spam", "other"),
        ("Spam/2026", "other"),
    ],
)
def test_a_folder_without_a_declared_use_is_known_by_its_last_name(dovecot_post: Post, name: str, role: str) -> None:
    with dovecot_post.other_client() as client:
        client.create_folder(name)
    with dovecot_post.reading() as reader:
        assert Folder(name, role) in reader.folders()


def test_a_folder_that_cannot_be_opened_is_no_folder(dovecot_post: Post) -> None:
    with dovecot_post.other_client() as client:
        client.create_folder("above/below")
        assert [(b"\\Noselect" in flags) for flags, _, _ in client.list_folders(pattern="above")] == [True]
    with dovecot_post.reading() as reader:
        names = [folder.name for folder in reader.folders()]
    assert "above/below" in names
    assert "above" not in names


def test_a_server_that_wants_tls_first_never_hears_the_password_in_clear_text(dovecot_post: Post) -> None:
    with (
        pytest.raises(Unreachable, match="does not let anybody sign in with a password") as caught,
        dovecot_post.reading(security=Security.PLAIN, port=dovecot_post.server.imap_port),
    ):
        pass
    assert caught.value.cause == "no_auth"
    said = [line.text for line in caught.value.dialogue if line.side == "client"]
    assert said == ["CAPABILITY"]


def test_a_user_name_and_a_password_of_any_letters_go_through(dovecot_post: Post) -> None:
    assert not dovecot_post.server.accounts[dovecot_post.address].isascii()
    with dovecot_post.reading() as reader:
        assert reader.folders()[0] == INBOX
