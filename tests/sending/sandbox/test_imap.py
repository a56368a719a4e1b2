"""The mailboxes as a client meets them, over both ways of TLS."""

from __future__ import annotations

import email
import select
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from sending.sandbox.imapd import deliver, prepare
from sending.sandbox.world import SandboxWorld
from tests.sending.sandbox.post import TIMEOUT_S, letter, mailbox, mails_in, send, trust, wait_for


def mail_of(world: SandboxWorld) -> Path:
    return world.folder / "mail"


def test_starttls_leads_to_the_same_mailbox(world: SandboxWorld) -> None:
    deliver(mail_of(world), "me6@acme.test", letter("you@x.test", "me6@acme.test", "<tls@x.test>"))
    with IMAPClient(world.info.host, world.imap_port, ssl=False, timeout=TIMEOUT_S) as client:
        assert client.has_capability("STARTTLS")
        client.starttls(trust(world))
        client.login("me6@acme.test", "secret-6")
        client.select_folder("INBOX")
        assert client.search(["HEADER", "Message-ID", "<tls@x.test>"]) == [1]
    with mailbox(world, "me6@acme.test") as client:
        assert not client.has_capability("STARTTLS"), "it is TLS already"
        client.select_folder("INBOX")
        assert client.search(["HEADER", "Message-ID", "<tls@x.test>"]) == [1]
        assert client.search(["HEADER", "Message-ID", "<other@x.test>"]) == []


def test_a_wrong_password_or_name_is_refused(world: SandboxWorld) -> None:
    with IMAPClient(world.info.host, world.imaps_port, ssl_context=trust(world), timeout=TIMEOUT_S) as client:
        for user, password in (("me6@acme.test", "wrong"), ("nobody@acme.test", "secret-6"), ("../me6@acme.test", "x")):
            with pytest.raises(LoginError):
                client.login(user, password)


def test_folders_tell_what_they_are_for(world: SandboxWorld) -> None:
    with mailbox(world, "me7@acme.test") as client:
        assert client.has_capability("SPECIAL-USE")
        uses = {name: set(flags) & {b"\\Sent", b"\\Junk"} for flags, _, name in client.list_folders()}
        assert uses == {"INBOX": set(), "Sent": {b"\\Sent"}, "Junk": {b"\\Junk"}}
        assert client.find_special_folder(b"\\Sent") == "Sent"
        assert client.find_special_folder(b"\\Junk") == "Junk"


def test_uids_grow_and_reading_changes_no_flag(world: SandboxWorld) -> None:
    account = "me8@acme.test"
    for number in range(3):
        deliver(mail_of(world), account, letter("you@x.test", account, f"<{number}@x.test>"))
        with mailbox(world, account) as client:
            info = client.select_folder("INBOX", readonly=True)
            assert (info[b"EXISTS"], info[b"UIDNEXT"]) == (number + 1, number + 2)
            (uid,) = client.search(["UID", f"{number + 1}:*"])
            got = client.fetch([uid], ["FLAGS", "RFC822.SIZE", "BODY.PEEK[]"])[uid]
            assert email.message_from_bytes(got[b"BODY[]"])["Message-ID"] == f"<{number}@x.test>"
            assert got[b"RFC822.SIZE"] == len(got[b"BODY[]"])
            assert b"\\Seen" not in got[b"FLAGS"]


def test_append_flag_and_expunge(world: SandboxWorld) -> None:
    with mailbox(world, "me9@acme.test") as client:
        client.append("Sent", letter("me9@acme.test", "you@x.test", "<mine@acme.test>"), flags=(b"\\Seen",))
        client.select_folder("Sent")
        (uid,) = client.search(["HEADER", "Message-ID", "<mine@acme.test>"])
        assert b"\\Seen" in client.get_flags([uid])[uid]
        client.delete_messages([uid])
        client.expunge()
        assert client.search() == []


def test_a_client_that_waits_hears_of_a_new_mail(world: SandboxWorld) -> None:
    with mailbox(world, "me10@acme.test") as client:
        client.select_folder("INBOX")
        client.idle()
        deliver(mail_of(world), "me10@acme.test", letter("you@x.test", "me10@acme.test", "<idle@x.test>"))
        # idle_check would lose half a line that comes late: whole answers are read by idle_done.
        assert select.select([client.socket()], [], [], 8)[0], "the server said nothing"
        assert (1, b"EXISTS") in client.idle_done()[1]


def test_nobody_sees_the_mail_of_another(world: SandboxWorld) -> None:
    deliver(mail_of(world), "me11@acme.test", letter("you@x.test", "me11@acme.test", "<private@x.test>"))
    assert mails_in(world, "me12@acme.test") == []
    with mailbox(world, "me12@acme.test") as client:
        assert not client.folder_exists("../me11@acme.test")


@pytest.fixture
def _temporary_folder_stays() -> Iterator[None]:
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before


@pytest.mark.usefixtures("_temporary_folder_stays")
def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    prepare(tmp_path, {"me@acme.test": "x"})
    lock, draft = tmp_path / "me@acme.test" / "dovecot-uidlist.lock", tmp_path / ".tmp" / "tmpabc"
    lock.touch()
    draft.touch()
    prepare(tmp_path, {"me@acme.test": "x"})
    assert not lock.exists()
    assert not draft.exists()


@pytest.mark.usefixtures("_temporary_folder_stays")
def test_drafts_of_lists_lie_on_the_file_system_of_the_mailboxes(tmp_path: Path) -> None:
    prepare(tmp_path, {"me@acme.test": "x"})
    assert Path(tempfile.gettempdir()).is_relative_to(tmp_path)
    assert (tmp_path / "pymap-etc-shadow").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system at hand")  # noqa: S108
def test_mailboxes_may_lie_on_another_file_system_than_tmp() -> None:
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as folder,
        SandboxWorld(Path(folder), {"me@acme.test": "secret"}) as world,
    ):
        send(world, "me@acme.test", "you+silent@x.test", "<shm@acme.test>")
        assert wait_for(lambda: mails_in(world, "me@acme.test", "Sent"))
