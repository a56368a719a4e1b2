"""One message and every way in which its dialogue can end."""

from __future__ import annotations

import asyncio
import time

import pytest

from outreach.kit import loops
from sending.chaos.certificates import leaf, server_context
from sending.chaos.faultsmtpd import Act, FaultServer, close, cut, drip, hang, reset, say, serving
from sending.smtp import (
    Accepted,
    Deferred,
    Envelope,
    InDoubt,
    Outcome,
    Phase,
    Refused,
    Security,
    Session,
    Side,
    Timeouts,
    Unreachable,
    Withdrawn,
)
from tests.sending.smtp.conversations import (
    BASIC,
    ENVELOPE,
    LETTER,
    Caller,
    deliver,
    in_session,
    signed_in,
)

FLIGHT = ("PIPELINING", *BASIC)
BOTH_WAYS = pytest.mark.parametrize("extensions", [FLIGHT, BASIC], ids=["flight", "steps"])


def server(script: dict[str, Act], extensions: tuple[str, ...] = FLIGHT) -> FaultServer:
    return FaultServer(script, extensions=extensions)


@BOTH_WAYS
def test_a_message_arrives_as_it_was_written_and_is_reported_with_its_reply(extensions: tuple[str, ...]) -> None:
    faults = server({}, extensions)
    outcome = deliver(faults)
    assert isinstance(outcome, Accepted)
    assert (outcome.reply.code, outcome.reply.enhanced, outcome.reply.text) == (250, "2.0.0", "taken")
    assert faults.accepted == [LETTER.replace(b"\r\n.a", b"\r\n..a")]
    assert 0 < outcome.duration_s < 1
    said = [line.text for line in outcome.transcript if line.side is Side.CLIENT]
    assert said[-4:-1] == ["MAIL FROM:<ada@sender.test> SIZE=49", "RCPT TO:<bob@recipient.test>", "DATA"]


BEFORE_THE_DOT = [
    ("mail", close(), Phase.MAIL), ("mail", reset(), Phase.MAIL), ("mail", hang(), Phase.MAIL),
    ("rcpt", close(), Phase.RCPT), ("rcpt", reset(), Phase.RCPT), ("rcpt", hang(), Phase.RCPT),
    ("data", close(), Phase.DATA), ("data", reset(), Phase.DATA), ("data", hang(), Phase.DATA),
    ("mail", hang(b"250-half a reply\r\n"), Phase.MAIL), ("rcpt", hang(b"250"), Phase.RCPT),
    ("data", close(b"354"), Phase.DATA),
    ("rcpt", drip(b"250 2.1.5 slower than the clock\r\n", every_s=0.05), Phase.RCPT),
]  # fmt: skip


@BOTH_WAYS
@pytest.mark.parametrize(("step", "act", "phase"), BEFORE_THE_DOT)
def test_a_connection_lost_before_the_dot_is_a_message_that_was_not_sent(
    extensions: tuple[str, ...], step: str, act: Act, phase: Phase
) -> None:
    faults, caller = server({step: act}, extensions), Caller()
    outcome = deliver(faults, caller=caller)
    # A reset may overtake the replies that came before it: then the phase is an earlier one.
    assert isinstance(outcome, Unreachable)
    assert outcome.phase is phase or (act.then == "reset" and extensions[0] == "PIPELINING")
    assert (outcome.cause, outcome.stale, caller.asked, faults.accepted) == ("lost", False, 0, [])
    assert outcome.text
    assert outcome.transcript[-1].text == outcome.text


GARBAGE = {
    "words": b"hello there\r\n",
    "high bytes": b"\xff\xfe\xff\r\n",
    "nul": b"\x00\x00\x00\x00\r\n",
    "an HTTP server": b"HTTP/1.1 400 Bad Request\r\n",
    "an underscore": b"2_5 ok\r\n",
    "a plus": b"+25 ok\r\n",
    "1xx": b"150 wait\r\n",
    "6xx": b"650 what\r\n",
    "an empty line": b"\r\n",
    "two digits": b"25\r\n",
    "other digits": "\N{FULLWIDTH DIGIT TWO}50 ok\r\n".encode(),
    "mixed codes": b"550-a\r\n250 b\r\n",
    "a line of 9 KB": b"250 " + b"x" * 9_000 + b"\r\n",
    "a line without an end": b"250 " + b"x" * 70_000,
    "6,000 lines": b"250-more\r\n" * 6_000 + b"250 done\r\n",
    "a flood": b"250-more\r\n" * 100_000,
}  # fmt: skip


@BOTH_WAYS
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_before_the_dot_is_not_sent_and_ends_the_connection(
    extensions: tuple[str, ...], step: str, raw: bytes
) -> None:
    faults, caller = server({step: say(raw)}, extensions), Caller()
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, caller.asked, faults.accepted) == (Phase(step), "garbage", 0, [])
    assert faults.commands[-1] != "QUIT"


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_after_the_dot_is_in_doubt_and_ends_the_connection(raw: bytes) -> None:
    faults = server({"dot": say(raw, takes=True)})

    async def talk(session: Session) -> tuple[Outcome, bool]:
        return await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot), session.usable

    outcome, usable = in_session(faults, talk)
    assert isinstance(outcome, InDoubt)
    assert (outcome.phase, usable, len(faults.accepted)) == (Phase.DOT, False, 1)
    assert len(outcome.text) < 300


AFTER_THE_DOT = [
    close(takes=True), reset(takes=True), hang(takes=True),
    close(b"25", takes=True), close(b"250-first\r\n", takes=True), hang(b"250 no end of line", takes=True),
    hang(b"250 ok\r", takes=True), say(b"354 go on\r\n", takes=True), say(b"334 \r\n", takes=True),
    drip(b"250 slower than the clock allows it to be\r\n", every_s=0.05, takes=True),
]  # fmt: skip


@pytest.mark.parametrize("act", AFTER_THE_DOT)
def test_no_definite_answer_after_the_dot_is_in_doubt(act: Act) -> None:
    faults = server({"dot": act})
    outcome = deliver(faults)
    assert isinstance(outcome, InDoubt)
    assert (outcome.phase, len(faults.accepted)) == (Phase.DOT, 1)


def test_a_dripping_answer_is_bounded_by_the_whole_reply_and_not_by_each_byte() -> None:
    began = time.monotonic()
    outcome = deliver(server({"dot": drip(b"250 " + b"x" * 200, every_s=0.05)}))
    assert isinstance(outcome, InDoubt)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "raw",
    [b"200 ok\r\n", b"251 forwarding\r\n", b"250\r\n", b"250 \r\n", b"250ok\r\n", b"2500 ok\r\n", b"250 ok\n",
     b"250-first\r\n250-second\r\n250 third\r\n", b"250 nul\x00 and \xff\r\n", b"299 odd\r\n"],
)  # fmt: skip
def test_every_2xx_after_the_dot_is_accepted(raw: bytes) -> None:
    faults = server({"dot": say(raw)})
    outcome = deliver(faults)
    assert isinstance(outcome, Accepted)
    assert len(faults.accepted) == 1
    assert outcome.reply.text.replace("\n", "").isprintable()


@BOTH_WAYS
@pytest.mark.parametrize("code", [421, 432, 450, 451, 452, 454])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_4xx_at_any_step_is_deferred(extensions: tuple[str, ...], step: str, code: int) -> None:
    faults = server({step: say(f"{code} 4.2.0 later\r\n".encode())}, extensions)
    outcome = deliver(faults)
    assert isinstance(outcome, Deferred)
    assert (outcome.phase, outcome.reply.code, outcome.reply.enhanced) == (Phase(step), code, "4.2.0")
    assert faults.accepted == []


@BOTH_WAYS
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_5xx_at_any_step_is_refused_with_all_its_lines(extensions: tuple[str, ...], step: str) -> None:
    faults = server({step: say(b"554-5.7.1 we do not\r\n554 5.7.1 want it\r\n")}, extensions)
    outcome = deliver(faults)
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.enhanced, outcome.ours) == (Phase(step), "5.7.1", False)
    assert outcome.reply.text == "we do not\nwant it"
    assert faults.accepted == []


@BOTH_WAYS
@pytest.mark.parametrize("act", [close(b"550 5.1.1 no such user\r\n"), close(b"421 4.3.2 too many\r\n")])
def test_a_refusal_stands_although_the_connection_ends_behind_it(extensions: tuple[str, ...], act: Act) -> None:
    outcome = deliver(server({"rcpt": act}, extensions))
    assert isinstance(outcome, Deferred | Refused)
    assert (outcome.phase, outcome.reply.code) == (Phase.RCPT, int(act.raw[:3]))


def test_a_252_for_the_recipient_goes_on() -> None:
    assert isinstance(deliver(server({"rcpt": say(b"252 cannot say\r\n")})), Accepted)


def test_an_enhanced_code_of_another_class_is_only_text() -> None:
    outcome = deliver(server({"rcpt": say(b"550 2.1.1 strange\r\n")}))
    assert isinstance(outcome, Refused)
    assert (outcome.reply.enhanced, outcome.reply.text) == ("", "2.1.1 strange")


@pytest.mark.parametrize("step", ["quit"])
@pytest.mark.parametrize("act", [close(), reset(), hang(), say(b"garbage\r\n"), say(b"500 no\r\n")])
def test_what_happens_at_quit_changes_nothing(step: str, act: Act) -> None:
    assert isinstance(deliver(server({step: act})), Accepted)


@BOTH_WAYS
def test_two_replies_in_one_packet_before_the_dot_do_not_shift_the_dialogue(extensions: tuple[str, ...]) -> None:
    faults, caller = server({"rcpt": say(b"250 ok\r\n250 again\r\n")}, extensions), Caller()
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Unreachable)
    assert (outcome.cause, caller.asked, faults.accepted) == ("garbage", 0, [])


@BOTH_WAYS
def test_an_answer_that_comes_with_the_354_is_not_believed(extensions: tuple[str, ...]) -> None:
    faults, caller = server({"data": say(b"354 go on\r\n250 early\r\n")}, extensions), Caller()
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, caller.asked, faults.body_bytes) == (Phase.DATA, "garbage", 0, 0)


def test_an_answer_that_comes_while_the_caller_thinks_is_not_believed() -> None:
    faults = server({})
    caller = Caller(wait_s=0.1, blurts=b"250 early\r\n", server=faults)
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, caller.asked, faults.body_bytes) == (Phase.DATA, "garbage", 1, 0)


def test_a_connection_lost_while_the_caller_thinks_is_not_in_doubt() -> None:
    faults, caller = server({"data": close(b"354 go\r\n")}), Caller(wait_s=0.05)
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, faults.accepted) == (Phase.DATA, "lost", [])


@BOTH_WAYS
def test_the_caller_is_asked_once_and_before_any_byte_of_the_body(extensions: tuple[str, ...]) -> None:
    faults = server({}, extensions)
    caller = Caller(server=faults)
    assert isinstance(deliver(faults, caller=caller), Accepted)
    assert (caller.asked, caller.bytes_seen) == (1, [0])


@BOTH_WAYS
def test_a_no_of_the_caller_withdraws_the_message_and_nothing_of_it_leaves(extensions: tuple[str, ...]) -> None:
    faults = server({}, extensions)
    outcome = deliver(faults, caller=Caller(answer=False, wait_s=0.02))
    assert isinstance(outcome, Withdrawn)
    assert (faults.body_bytes, faults.accepted, faults.commands[-1]) == (0, [], "DATA")


def test_when_the_caller_fails_nothing_of_the_message_leaves() -> None:
    faults = server({})

    async def fail() -> bool:
        raise RuntimeError("the database is away")

    async def talk(session: Session) -> bool:
        with pytest.raises(RuntimeError, match="the database is away"):
            await session.send(ENVELOPE, LETTER, before_dot=fail)
        return session.usable

    assert in_session(faults, talk) is False
    assert (faults.body_bytes, faults.accepted) == (0, [])


def test_a_cancelled_delivery_leaves_no_connection_behind() -> None:
    faults = server({"dot": hang()})

    async def talk(session: Session) -> bool:
        sending = asyncio.create_task(session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot))
        await asyncio.sleep(0.1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return session.usable

    assert in_session(faults, talk) is False


BIG = b"Subject: Big\r\n\r\n" + b"x" * 998 + b"\r\n" + b"0123456789 0123456789 0123456789\r\n" * 240_000
ROOMY = Timeouts(connect=1, greeting=1, command=1, data=1, block=1, dot=1, quit=0.1)


def test_a_message_of_many_blocks_arrives_whole() -> None:
    faults = FaultServer(extensions=("PIPELINING",))
    outcome = deliver(faults, content=BIG, timeouts=ROOMY)
    assert isinstance(outcome, Accepted)
    assert faults.accepted == [BIG]


def test_a_server_that_stops_reading_has_not_got_the_message() -> None:
    faults = FaultServer({"data": hang(b"354 go\r\n")}, narrow=True)
    outcome = deliver(faults, content=BIG, timeouts=ROOMY)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, faults.accepted) == (Phase.BODY, "lost", [])


def test_a_server_that_stops_reading_over_tls_has_not_got_the_message() -> None:
    faults = FaultServer({"data": hang(b"354 go\r\n")}, tls=server_context(leaf()), implicit=True, narrow=True)
    outcome = loops.run(deliver_over_tls(faults, BIG))
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, faults.accepted) == (Phase.BODY, "lost", [])


@pytest.mark.parametrize(("raw", "expected"), [(b"552 5.3.4 too big\r\n", Refused), (b"452 4.3.1 full\r\n", Deferred)])
def test_a_refusal_in_the_middle_of_a_big_message_is_definite(raw: bytes, expected: type[Outcome]) -> None:
    outcome = deliver(FaultServer({"body": hang(raw)}), content=BIG, timeouts=ROOMY)
    assert isinstance(outcome, expected)
    assert isinstance(outcome, Deferred | Refused)
    assert (outcome.phase, outcome.reply.code) == (Phase.BODY, int(raw[:3]))


@pytest.mark.parametrize("act", [close(), reset(), hang(b"250 taken already\r\n"), hang(b"garbage\r\n")])
def test_a_connection_that_ends_or_lies_in_the_middle_of_a_big_message_has_not_got_it(act: Act) -> None:
    faults = FaultServer({"body": act})
    outcome = deliver(faults, content=BIG, timeouts=ROOMY)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, faults.accepted) == (Phase.BODY, [])


def test_a_message_over_the_offered_size_is_refused_at_home() -> None:
    faults = FaultServer(extensions=("PIPELINING", "SIZE 40"))
    caller = Caller()
    outcome = deliver(faults, caller=caller)
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.code, outcome.reply.enhanced, outcome.ours) == (Phase.DATA, 552, "5.3.4", True)
    assert "49 bytes; the mailbox's server takes 40" in outcome.reply.text
    assert (faults.commands, caller.asked) == (["EHLO localhost.localdomain", "QUIT"], 0)


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0", "SIZE many", "SIZE -1", "SIZE 49", f"SIZE {'9' * 4_400}"])
def test_a_size_that_says_nothing_or_fits_does_not_stop_a_message(offer: str) -> None:
    assert isinstance(deliver(FaultServer(extensions=(offer,))), Accepted)


UNICODE = Envelope("ada@sender.test", "jürgen@recipient.test")
UNICODE_LETTER = "To: jürgen@recipient.test\r\nSubject: Hi\r\n\r\nHi\r\n".encode()


def test_an_address_that_needs_smtputf8_is_refused_at_home_where_it_is_not_offered() -> None:
    outcome = deliver(FaultServer(extensions=("8BITMIME",)), envelope=UNICODE)
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.enhanced, outcome.ours) == (Phase.RCPT, "5.6.7", True)
    assert "SMTPUTF8" in outcome.reply.text


def test_a_header_that_needs_smtputf8_is_refused_at_home_where_it_is_not_offered() -> None:
    outcome = deliver(FaultServer(extensions=("8BITMIME",)), content=UNICODE_LETTER)
    assert isinstance(outcome, Refused)
    assert outcome.reply.enhanced == "5.6.7"


def test_smtputf8_and_8bitmime_are_said_where_they_are_needed_and_offered() -> None:
    faults = FaultServer(extensions=("8BITMIME", "SMTPUTF8"))
    assert isinstance(deliver(faults, envelope=UNICODE, content=UNICODE_LETTER), Accepted)
    assert faults.commands[1:3] == [
        "MAIL FROM:<ada@sender.test> BODY=8BITMIME SMTPUTF8",
        "RCPT TO:<jürgen@recipient.test>",
    ]
    assert faults.accepted == [UNICODE_LETTER]


def test_a_domain_beyond_ascii_needs_no_smtputf8() -> None:
    faults = FaultServer(extensions=())
    assert isinstance(deliver(faults, envelope=Envelope("ada@sender.test", "bob@bücher.test")), Accepted)
    assert faults.commands[2] == "RCPT TO:<bob@xn--bcher-kva.test>"


def test_a_message_beyond_ascii_is_refused_at_home_where_8bitmime_is_not_offered() -> None:
    outcome = deliver(FaultServer(extensions=()), content="Subject: x\r\n\r\nGrüße\r\n".encode())
    assert isinstance(outcome, Refused)
    assert (outcome.reply.enhanced, outcome.ours) == ("5.6.3", True)


def test_an_envelope_id_is_said_to_servers_that_offer_dsn() -> None:
    faults = FaultServer(extensions=("DSN",))
    assert isinstance(deliver(faults, envelope=Envelope("a@sender.test", "b+c@recipient.test", "m=17")), Accepted)
    assert faults.commands[1:3] == [
        "MAIL FROM:<a@sender.test> RET=HDRS ENVID=m+3D17",
        "RCPT TO:<b+c@recipient.test> ORCPT=rfc822;b+2Bc@recipient.test",
    ]


def test_an_envelope_id_is_not_said_where_dsn_is_not_offered() -> None:
    faults = FaultServer(extensions=())
    assert isinstance(deliver(faults, envelope=Envelope("a@sender.test", "b@recipient.test", "m17")), Accepted)
    assert faults.commands[1] == "MAIL FROM:<a@sender.test>"


@pytest.mark.parametrize("content", [b"Subject: x\n\nhi\n", b"a\rb\r\n", b"nul \x00\r\n", b"x" * 999 + b"\r\n"])
def test_bytes_that_servers_read_differently_are_refused_at_home(content: bytes) -> None:
    faults = server({})
    outcome = deliver(faults, content=content)
    assert isinstance(outcome, Refused)
    assert (outcome.ours, outcome.reply.enhanced, faults.accepted) == (True, "5.6.0", [])
    assert not any(command.startswith("MAIL") for command in faults.commands)


def test_the_dialogue_is_bounded_however_much_a_server_says() -> None:
    chatty = b"".join(b"250-" + b"x" * 150 + b"\r\n" for _ in range(190)) + b"250 done\r\n"
    outcome = deliver(server({"dot": say(chatty)}))
    assert isinstance(outcome, Accepted)
    assert sum(len(line.text) for line in outcome.transcript) < 5_000


@pytest.mark.parametrize("act", [cut(b"250 taken\r\n"), close(b"250 taken\r\n")])
def test_a_tls_connection_that_ends_right_after_the_250_has_taken_the_message(act: Act) -> None:
    faults = FaultServer({"dot": act}, tls=server_context(leaf()), implicit=True)
    outcome = loops.run(deliver_over_tls(faults, LETTER))
    assert isinstance(outcome, Accepted)


def test_a_tls_connection_that_ends_without_an_answer_is_in_doubt() -> None:
    faults = FaultServer({"dot": cut(takes=True)}, tls=server_context(leaf()), implicit=True)
    assert isinstance(loops.run(deliver_over_tls(faults, LETTER)), InDoubt)


async def deliver_over_tls(faults: FaultServer, content: bytes) -> Outcome:
    async with serving(faults):
        session = await Session.open(signed_in(faults, Security.TLS), timeouts=ROOMY)
        try:
            return await session.send(ENVELOPE, content, before_dot=Caller().before_dot)
        finally:
            await session.close()
