"""Servers that answer nonsense, too much, or what no database could hold: told as such, never a crash, never a wait."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sending.chaos.faultsmtpd import Act, close, say
from sending.imap import Folder, ImapError, Misbehaved, RawMail, Reader, Unreachable, explain, open_mailbox
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.imap.post import INBOX
from tests.sending.imap.test_opening import account

OK = b"{tag} OK done\r\n"


@contextmanager
def reading(**script: Act) -> Iterator[Reader]:
    steps = {name.replace("_", " "): act for name, act in script.items()}
    with FaultImap(steps) as server, open_mailbox(account(server), timeout_s=2, most_s=10) as reader:
        yield reader


def selected(*, exists: int = 1, uidvalidity: str = "1", uidnext: str = "2") -> Act:
    lines = f"* {exists} EXISTS\r\n* OK [UIDVALIDITY {uidvalidity}] ok\r\n* OK [UIDNEXT {uidnext}] ok\r\n"
    return say(lines.encode() + OK)


def fetched(reader: Reader, *, max_bytes: int = 1_000) -> list[RawMail]:
    return list(reader.fetch_since(INBOX, 0, limit=10, max_bytes=max_bytes))


def one_mail(sizes: bytes, body: bytes) -> dict[str, Act]:
    """A server that answers the question for size and date, and then that for the body."""
    both = b"* 1 FETCH (UID 1 " + sizes + b" " + body + b")\r\n" + OK
    return {"EXAMINE": selected(), "UID_SEARCH": say(b"* SEARCH 1\r\n" + OK), "UID_FETCH": say(both)}


@pytest.mark.parametrize(
    "name",
    [b'"a&b"', b'"&AA"', b'"&2AA-"', b'"\xd0\x92"', b'"tab\there"', b'""', b"NIL", b'"' + b"x" * 256 + b'"',
     b"{9}\r\na\r\nb LIST", b'"&AGE-"', b'"&AAo-"', b'"&2D3cqA"'],
)  # fmt: skip
def test_a_folder_whose_name_cannot_be_said_back_is_left_out(name: bytes) -> None:
    listed = b'* LIST (\\Junk) "/" ' + name + b'\r\n* LIST () "/" INBOX\r\n'
    with reading(LIST=say(listed + OK)) as reader:
        assert reader.folders() == [INBOX]


def test_a_folder_with_two_uses_has_the_first() -> None:
    for flags in (b"\\Trash \\Junk", b"\\Junk \\Trash"):
        with reading(LIST=say(b"* LIST (" + flags + b') "/" Odd\r\n* LIST (\\SENT) NIL inbox\r\n' + OK)) as reader:
            assert reader.folders() == [Folder("inbox", "inbox"), Folder("Odd", "junk")]


def test_a_server_without_uidnext_is_asked_for_its_last_uid() -> None:
    examined = say(b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n" + OK)
    with reading(EXAMINE=examined, UID_SEARCH=say(b"* SEARCH 9\r\n" + OK)) as reader:
        state = reader.state(INBOX)
    assert (state.uidvalidity, state.uidnext, state.exists) == (7, 10, 2)


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "x"])
@pytest.mark.parametrize("field", ["uidvalidity", "uidnext"])
def test_a_number_that_cannot_be_is_told(field: str, number: str) -> None:
    examined = selected(uidvalidity=number) if field == "uidvalidity" else selected(uidnext=number)
    with reading(EXAMINE=examined) as reader, pytest.raises(Misbehaved):
        reader.state(INBOX)


def test_a_uid_that_cannot_be_is_told() -> None:
    script = {"EXAMINE": selected(), "UID_SEARCH": say(b"* SEARCH 1 99999999999999999999\r\n" + OK)}
    with reading(**script) as reader, pytest.raises(Misbehaved, match="a number that cannot be"):
        fetched(reader)


def test_the_uids_of_a_very_full_mailbox_are_read() -> None:
    uids = b" ".join(str(number).encode() for number in range(1, 200_001))
    assert len(uids) > 1_000_000  # beyond this imaplib gives up
    script = {
        "EXAMINE": selected(exists=200_000),
        "UID_SEARCH": say(b"* SEARCH " + uids + b"\r\n" + OK),
        "UID_FETCH": say(b"* 1 FETCH (UID 1 RFC822.SIZE 2 BODY[]<0> {2}\r\nhi)\r\n" + OK),
    }
    with reading(**script) as reader:
        assert [one.raw for one in fetched(reader)] == [b"hi"]


def test_no_command_could_change_the_mailbox() -> None:
    script = one_mail(b"RFC822.SIZE 2", b"BODY[]<0> {2}\r\nhi")
    with FaultImap({name.replace("_", " "): act for name, act in script.items()}) as server:
        with open_mailbox(account(server), timeout_s=2) as reader:
            assert [one.raw for one in fetched(reader)] == [b"hi"]
        said = [line.split(" ", 1)[1] for line in server.heard if " " in line]
    assert "EXAMINE" in " ".join(said)
    assert not any(line.startswith(("SELECT", "STORE", "UID STORE")) for line in said)
    assert [line for line in said if "BODY" in line] == ["UID FETCH 1 (BODY.PEEK[]<0.1001>)"]


def test_more_than_was_asked_for_is_not_read() -> None:
    script = one_mail(b"RFC822.SIZE 10", b"BODY[]<0> {99000000}\r\n")
    with reading(**script) as reader, pytest.raises(Misbehaved, match="99000000 bytes at once") as caught:
        fetched(reader)
    assert caught.value.cause == "too_much"


def test_chatter_without_end_is_cut_off() -> None:
    script = {"EXAMINE": say(b"* 1 EXISTS\r\n" * 200_000)}
    with reading(**script) as reader, pytest.raises(Misbehaved, match="too much at once"):
        reader.state(INBOX)


def test_what_is_said_unasked_does_not_pile_up() -> None:
    chatter = b"* 1 EXISTS\r\n" * 1_000
    with reading(UID_SEARCH=say(chatter + b"* SEARCH\r\n" + OK), EXAMINE=selected()) as reader:
        for _ in range(5):
            assert not reader.find_message_ids(INBOX, ["<a@b.test>"])
        assert sum(len(said) for said in reader._line.wire.untagged_responses.values()) < 1_100


def test_the_end_of_the_calendar_is_no_date() -> None:
    for date in (b'"31-Dec-9999 23:59:59 -1200"', b'"nonsense"', b"NIL"):
        with reading(**one_mail(b"RFC822.SIZE 2 INTERNALDATE " + date, b"BODY[]<0> {2}\r\nhi")) as reader:
            assert [(one.raw, one.internaldate) for one in fetched(reader)] == [(b"hi", None)]


def test_a_size_that_lies_does_not_decide_what_is_kept() -> None:
    for size in (b"0", b"1", b"500000"):
        with reading(**one_mail(b"RFC822.SIZE " + size, b"BODY[]<0> {6}\r\nabcdef")) as reader:
            (one,) = fetched(reader, max_bytes=5)
        assert (one.raw, one.truncated, one.size) == (b"abcde", True, max(6, int(size)))


def test_a_mail_that_the_server_will_not_hand_over_is_named() -> None:
    script = {**one_mail(b"", b""), "UID_FETCH": say(b"* 1 FETCH (UID 1 RFC822.SIZE 9)\r\n" + OK)}
    with reading(**script) as reader, pytest.raises(Misbehaved, match="nothing for mail 1 of INBOX") as caught:
        fetched(reader)
    assert "move or delete that mail" in explain(caught.value, account(FaultImap())).fix


def test_a_refusal_in_the_middle_is_quoted() -> None:
    script = {**one_mail(b"", b""), "UID_FETCH": say(b"{tag} NO [SERVERBUG] Internal error\r\n")}
    with reading(**script) as reader, pytest.raises(Misbehaved, match=r"NO \[SERVERBUG\] Internal error") as caught:
        fetched(reader)
    assert (caught.value.cause, str(caught.value).split(":")[0]) == ("refused", "The server answered")


def test_a_goodbye_in_the_middle_is_quoted() -> None:
    script = {"EXAMINE": close(b"* BYE Idle for too long\r\n")}
    with reading(**script) as reader, pytest.raises(Unreachable, match="answered: BYE Idle for too long") as caught:
        reader.state(INBOX)
    assert caught.value.cause == "busy"


# Pieces of which IMAP is made, and bytes of which it is not.
PIECES = st.sampled_from(
    [b"* ", b"1 ", b"FETCH ", b"SEARCH ", b"LIST ", b"EXISTS", b"(", b")", b"[", b"]", b'"', b"\\", b"NIL", b"UID 1 ",
     b"RFC822.SIZE ", b"INTERNALDATE ", b"BODY[]<0> ", b"{3}\r\nabc", b"{-1}\r\n", b"{x}", b"\r\n", b"\n", b"+ ",
     b"OK ", b"NO ", b"BAD ", b"BYE ", b"{tag} ", b"\x00", b"\xff", b"&", b"INBOX", b"(" * 2_000, b"9" * 5_000]
)  # fmt: skip
NONSENSE = st.lists(PIECES | st.binary(max_size=6) | st.text(string.printable, max_size=6).map(str.encode), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(step=st.sampled_from(["LIST", "EXAMINE", "UID SEARCH", "UID FETCH"]), pieces=NONSENSE)
def test_no_answer_breaks_more_than_its_reading(step: str, pieces: list[bytes]) -> None:
    script = {
        "EXAMINE": selected(),
        "UID SEARCH": say(b"* SEARCH 1\r\n" + OK),
        "UID FETCH": say(b"* 1 FETCH (UID 1 RFC822.SIZE 2 BODY[]<0> {2}\r\nhi)\r\n" + OK),
        step: close(b"".join(pieces) + b"\r\n" + OK),
    }
    with FaultImap(script) as server, open_mailbox(account(server), timeout_s=2, most_s=10) as reader:
        outcome = everything(reader)
        if isinstance(outcome, ImapError):
            assert explain(outcome, account(server)).fix
        else:
            assert all(isinstance(one.raw, bytes) and len(one.raw) <= 1_000 for one in outcome)


def everything(reader: Reader) -> list[RawMail] | ImapError:
    try:
        for folder in reader.folders():
            reader.state(folder)
        return fetched(reader)
    except ImapError as error:
        return error
