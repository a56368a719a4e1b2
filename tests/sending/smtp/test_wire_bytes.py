"""One message never becomes two: the bytes on the wire, read by a strict parser and by two sloppy ones."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.chaos.faultsmtpd import FaultServer
from sending.smtp import Accepted, Envelope, Message, build
from sending.smtp.envelope import commands, stuffed
from tests.sending.smtp.conversations import deliver

LETTER = Message(
    from_address="ada@sender.test",
    to_address="bob@recipient.test",
    subject="Hello",
    text="Hi",
    message_id="<t@sender.test>",
    date=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
)
# How servers have found the end of a message: as the RFC says; with bare LFs as line ends; with bare CRs too.
STRICT = re.compile(rb"\r\n\.\r\n")
BARE_LF = re.compile(rb"\r?\n\.\r?\n")
BARE_CR = re.compile(rb"(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)")
SMUGGLED = "MAIL FROM:<evil@x.test>"
ENDS = [
    "\n.\n",
    "\r.\r",
    "\r\n.\n",
    "\n.\r\n",
    "\r\n.\r\n",
    "\r.\n",
    "\n.\r",
    "\r\n\x00.\r\n",
    "\x85.\x85",
    "\u2028.\u2028",
    ".",
]


def assert_one_message(wire: bytes) -> None:
    for parser in (STRICT, BARE_LF, BARE_CR):
        ends = [found.start() for found in parser.finditer(b"\r\n" + wire)]
        assert len(ends) == 1
        assert ends[0] == len(wire) - 3
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    assert b"\x00" not in wire
    assert all(len(line) <= 999 for line in wire.split(b"\r\n"))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("filler", ["", "plain ascii ", "with ü 8-bit ", "long " * 300])
def test_no_end_of_a_message_can_be_written_into_it(end: str, filler: str) -> None:
    text = f"{filler}{end}{SMUGGLED}\r\n{end}{end}"
    for message in (
        replace(LETTER, text=text),
        replace(LETTER, text="x", html=text),
        replace(LETTER, subject=text, from_name=text, to_name=text, extra=(("X-Note", text),)),
    ):
        assert_one_message(stuffed(build(message)))


@pytest.mark.parametrize("end", ENDS[:7])
def test_what_a_server_reads_is_one_message(end: str) -> None:
    faults = FaultServer()
    content = build(replace(LETTER, text=f"a{end}{SMUGGLED}{end}QUIT{end}"))
    assert isinstance(deliver(faults, content=content), Accepted)
    assert len(faults.accepted) == 1
    unstuffed = re.sub(rb"(?m)^\.\.", b".", faults.accepted[0])
    assert unstuffed == content
    assert sum(command.startswith("MAIL") for command in faults.commands) == 1


_PIECES = st.sampled_from(["\r", "\n", ".", "\r\n", "..", "a", "ü", "\x00", " ", "=", "MAIL", "\x85"])


@given(st.lists(_PIECES, max_size=40).map("".join), st.booleans())
def test_no_text_becomes_two_messages(text: str, as_html: bool) -> None:  # noqa: FBT001  # drawn
    assert_one_message(stuffed(build(replace(LETTER, text=text, html=text if as_html else None))))


@given(st.lists(st.sampled_from([b"\r\n", b".", b"a", b"..", b"b c"]), max_size=40).map(b"".join))
def test_stuffing_is_undone_by_what_servers_do(content: bytes) -> None:
    wire = stuffed(content)
    assert wire.endswith(b"\r\n.\r\n")
    lines = wire.removesuffix(b".\r\n").split(b"\r\n")
    received = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert received == (content if content.endswith(b"\r\n") else content + b"\r\n")


@pytest.mark.parametrize(
    "content", [b"a\nb\r\n", b"a\rb\r\n", b"\r\r\n", b"\n\r\n", b"a\x00\r\n", b"x" * 999 + b"\r\n", b"a\r"]
)
def test_bytes_that_servers_read_differently_never_reach_the_wire(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"bare CR|more than 998"):
        stuffed(content)


def test_lines_of_998_bytes_pass() -> None:
    assert stuffed(b"x" * 998 + b"\r\n") == b"x" * 998 + b"\r\n.\r\n"


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_envelope_carries_a_second_command(sender: str, recipient: str) -> None:
    try:
        envelope = Envelope(sender, recipient)
    except ValueError:
        return
    offered = {"SIZE": "", "DSN": "", "8BITMIME": "", "SMTPUTF8": ""}
    for (_, line), verb in zip(commands(envelope, b"x", offered), ("MAIL", "RCPT", "DATA"), strict=True):
        assert line.startswith(verb)
        assert not set(line) & set("\r\n\x00\t\v\f\x1c")
        assert line.count("<") == line.count(">") == (0 if verb == "DATA" else 1)


@pytest.mark.parametrize(
    "bad", ["a b@c.test", "a@c.test>", "<a@c.test", "a@c.test\r\nRCPT TO:<e@x.test>", "a\t@c", "a\x7f@c", "\ud800@c"]
)
def test_an_address_that_could_smuggle_a_command_is_no_envelope(bad: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Envelope(bad, "bob@recipient.test")
    with pytest.raises(ValueError, match="address"):
        Envelope("ada@sender.test", bad)


def test_an_envelope_needs_a_recipient_and_may_have_no_sender() -> None:
    with pytest.raises(ValueError, match="recipient"):
        Envelope("ada@sender.test", "")
    assert commands(Envelope("", "bob@recipient.test"), b"x", {})[0][1] == "MAIL FROM:<>"


@pytest.mark.parametrize("envelope_id", ["ü", "x" * 91])
def test_an_envelope_id_is_short_and_ascii(envelope_id: str) -> None:
    with pytest.raises(ValueError, match="90 ASCII"):
        Envelope("a@b.test", "c@d.test", envelope_id)
