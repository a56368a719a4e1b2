"""Reading a mailbox, at the sandbox's server and at a real Dovecot alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sending.imap import Folder, RawMail, Reader, SignInRefused, open_mailbox
from sending.smtp import Security
from tests.sending.imap.post import INBOX, JUNK, SENT, Post, mail

ALL = 1_000_000


def numbers(mails: Sequence[RawMail]) -> list[int]:
    return [int(one.raw.partition(b"Subject: Mail ")[2].split()[0]) for one in mails]


def fetched(reader: Reader, folder: Folder, last_uid: int, *, limit: int = 100, max_bytes: int = ALL) -> list[RawMail]:
    return list(reader.fetch_since(folder, last_uid, limit=limit, max_bytes=max_bytes))


def test_the_folders_that_matter_are_known_by_their_use(post: Post) -> None:
    with post.reading() as reader:
        assert reader.folders() == [INBOX, JUNK, SENT]


def test_an_empty_folder_has_a_state_and_no_mail(post: Post) -> None:
    with post.reading() as reader:
        state = reader.state(INBOX)
        assert (state.exists, state.uidnext) == (0, 1)
        assert state.uidvalidity > 0
        assert fetched(reader, INBOX, 0) == []


def test_only_what_came_since_the_last_uid_is_read(post: Post) -> None:
    for number in range(3):
        post.deliver(mail(number))
    with post.reading() as reader:
        first = fetched(reader, INBOX, 0)
        assert numbers(first) == [0, 1, 2]
        assert [one.raw for one in first] == [post.stored(mail(number)) for number in range(3)]
        assert [one.size for one in first] == [len(one.raw) for one in first]
        assert not any(one.truncated for one in first)
    last = first[-1].uid
    with post.reading() as reader:
        # "n:*" names the last mail also when its UID is below n.
        assert fetched(reader, INBOX, last) == []
    post.deliver(mail(3))
    with post.reading() as reader:
        assert reader.state(INBOX).uidnext == last + 2
        assert numbers(fetched(reader, INBOX, last)) == [3]
        assert numbers(fetched(reader, INBOX, first[1].uid)) == [2, 3]


def test_a_reading_ends_at_its_limit_with_the_oldest_first(post: Post) -> None:
    for number in range(5):
        post.deliver(mail(number))
    with post.reading() as reader:
        begun = fetched(reader, INBOX, 0, limit=2)
        assert numbers(begun) == [0, 1]
        assert numbers(fetched(reader, INBOX, begun[-1].uid, limit=100)) == [2, 3, 4]


def test_junk_is_read_apart_from_the_inbox(post: Post) -> None:
    post.deliver(mail(1))
    post.deliver(mail(2), "Junk")
    with post.reading() as reader:
        assert numbers(fetched(reader, JUNK, 0)) == [2]
        assert numbers(fetched(reader, INBOX, 0)) == [1]
        assert numbers(fetched(reader, JUNK, 0)) == [2]


def test_reading_marks_nothing_as_seen_and_moves_nothing(post: Post) -> None:
    post.deliver(mail(1))
    with post.reading() as reader:
        fetched(reader, INBOX, 0)
    with post.other_client() as client:
        client.select_folder("INBOX", readonly=True)
        assert [b"\\Seen" in flags for flags in client.get_flags(client.search()).values()] == [False]


def test_the_time_of_arrival_is_told_in_utc(post: Post) -> None:
    post.deliver(mail(1))
    with post.reading() as reader:
        (one,) = fetched(reader, INBOX, 0)
    assert one.internaldate is not None
    assert one.internaldate.tzinfo is UTC
    assert abs(datetime.now(UTC) - one.internaldate) < timedelta(minutes=2)


@pytest.mark.parametrize("missing", [4_000, 1, 0, -1])
def test_a_mail_beyond_the_bound_is_cut_and_says_so(post: Post, missing: int) -> None:
    post.deliver(mail(1, size=5_000))
    content = post.stored(mail(1, size=5_000))
    bound = len(content) - missing
    with post.reading() as reader:
        (one,) = fetched(reader, INBOX, 0, max_bytes=bound)
        assert (one.raw, one.truncated, one.size) == (content[:bound], missing > 0, len(content))


def test_a_mail_that_another_client_deletes_meanwhile_is_left_out(post: Post) -> None:
    for number in range(3):
        post.deliver(mail(number))
    with post.reading() as reader:
        mails = reader.fetch_since(INBOX, 0, limit=100, max_bytes=ALL)
        first = next(mails)
        with post.other_client() as client:
            client.select_folder("INBOX")
            client.delete_messages([first.uid + 1])
            client.expunge([first.uid + 1] if client.has_capability("UIDPLUS") else None)
        assert numbers([first, *mails]) == [0, 2]


def test_a_folder_that_is_made_anew_says_so_by_its_uidvalidity(post: Post) -> None:
    post.deliver(mail(1), "Junk")
    with post.reading() as reader:
        before = reader.state(JUNK)
    with post.other_client() as client:
        client.delete_folder("Junk")
        client.create_folder("Junk")
    post.deliver(mail(2), "Junk")
    with post.reading() as reader:
        after = reader.state(JUNK)
        assert after.uidvalidity != before.uidvalidity
        assert numbers(fetched(reader, JUNK, 0)) == [2]


def test_messages_are_found_by_their_message_ids(post: Post) -> None:
    for number, name in enumerate(("one", "two", "three")):
        post.deliver(mail(number, message_id=f"<{name}@acme.test>"), "Sent")
    asked = [f"<{name}@acme.test>" for name in ("one", "four", "three", "five", "six")]
    with post.reading() as reader:
        assert reader.find_message_ids(SENT, asked) == {"<one@acme.test>", "<three@acme.test>"}
        assert reader.find_message_ids(SENT, asked[:1]) == set(asked[:1])
        assert reader.find_message_ids(SENT, asked[1:2]) == set()
        assert reader.find_message_ids(INBOX, asked) == set()
        assert reader.find_message_ids(SENT, asked[1:]) == {"<three@acme.test>"}


@pytest.mark.parametrize(("security", "port"), [(Security.TLS, "imaps_port"), (Security.STARTTLS, "imap_port")])
def test_both_ways_of_tls_lead_in_and_the_dialogue_holds_no_secret(post: Post, security: Security, port: str) -> None:
    with post.reading(security=security, port=getattr(post.server, port)) as reader:
        dialogue = reader.dialogue
    told = "\n".join(line.text for line in dialogue)
    assert told.count("The connection is protected by TLS.") == 1
    assert "AUTHENTICATE PLAIN\n" in told
    assert "********" in told
    assert post.server.accounts[post.address] not in told
    assert [line.at_ms for line in dialogue] == sorted(line.at_ms for line in dialogue)
    protected = told.index("protected by TLS")
    if security is Security.STARTTLS:
        assert told.index("\nSTARTTLS\n") < protected < told.rindex("\nCAPABILITY\n") < told.index("AUTHENTICATE")
    else:
        assert protected < told.index("* OK")


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody@acme.test"}])
def test_a_wrong_password_or_name_is_refused_in_the_servers_words(post: Post, change: dict[str, str]) -> None:
    with pytest.raises(SignInRefused, match=r"The server answered: NO .*") as caught, post.reading(**change):
        pass
    assert caught.value.cause == "sign_in"
    assert caught.value.dialogue[-1].text in str(caught.value)


def test_what_the_caller_raises_passes_as_it_is(post: Post) -> None:
    with pytest.raises(ValueError, match="mine"), open_mailbox(post.account()):
        raise ValueError("mine")
