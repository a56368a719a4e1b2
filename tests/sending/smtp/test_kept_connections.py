"""Message after message over one connection, and what becomes of a connection that is no longer good."""

from __future__ import annotations

import asyncio

import pytest

from sending.chaos.faultsmtpd import Act, FaultServer, close, hang, reset, say
from sending.smtp import Accepted, Deferred, Envelope, InDoubt, Outcome, Phase, Refused, Session, Unreachable
from tests.sending.smtp.conversations import BASIC, ENVELOPE, LETTER, Caller, in_session

FLIGHT = ("PIPELINING", *BASIC)
BOTH_WAYS = pytest.mark.parametrize("extensions", [FLIGHT, BASIC], ids=["flight", "steps"])
TAKEN = say(b"250 taken\r\n")
OK = say(b"250 ok\r\n")


def deliver_twice(faults: FaultServer, *, pause_s: float = 0.0) -> tuple[Outcome, bool, Outcome, bool]:
    """Send two messages; return each outcome, and whether the connection was usable behind it."""

    async def talk(session: Session) -> tuple[Outcome, bool, Outcome, bool]:
        first = await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot)
        await asyncio.sleep(pause_s)
        usable = session.usable
        second = await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot)
        return first, usable, second, session.usable

    return in_session(faults, talk)


@BOTH_WAYS
def test_many_messages_go_over_one_connection(extensions: tuple[str, ...]) -> None:
    faults = FaultServer(extensions=extensions)

    async def talk(session: Session) -> list[Outcome]:
        return [await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot) for _ in range(50)]

    assert all(isinstance(outcome, Accepted) for outcome in in_session(faults, talk))
    assert (faults.connections, len(faults.accepted), faults.commands.count("RSET")) == (1, 50, 0)


def test_the_story_of_a_message_does_not_hold_that_of_the_one_before() -> None:
    first, _, second, _ = deliver_twice(FaultServer())
    assert first.transcript[0].text.startswith("Connected to 127.0.0.1")
    assert second.transcript[0].text == "On a connection that is kept from the message before."
    assert sum("MAIL FROM" in line.text for line in second.transcript) == 1


def test_it_does_not_hold_that_of_one_that_was_refused_at_home_either() -> None:
    async def talk(session: Session) -> list[Outcome]:
        letters = (LETTER * 2, LETTER)
        return [await session.send(ENVELOPE, letter, before_dot=Caller().before_dot) for letter in letters]

    first, second = in_session(FaultServer(extensions=("SIZE 60",)), talk)
    assert first.transcript[0].text.startswith("Connected to 127.0.0.1")
    assert "the mailbox's server takes 60" in first.transcript[-1].text
    assert second.transcript[0].text == "On a connection that is kept from the message before."
    assert not any("takes 60" in line.text for line in second.transcript)


@BOTH_WAYS
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("raw", [b"450 4.2.0 later\r\n", b"550 5.1.1 nobody\r\n"])
def test_behind_a_refusal_the_connection_is_reset_and_used_again(
    extensions: tuple[str, ...], step: str, raw: bytes
) -> None:
    faults = FaultServer({step: [say(raw)]}, extensions=extensions)
    # What a real server says to DATA when nobody is left to send to.
    faults.script = {**faults.script, "data": [say(raw if step == "data" else b"503 5.5.1 no valid recipients\r\n")]}
    if extensions is BASIC and step != "data":
        faults.script = {step: [say(raw)]}
    first, usable, second, usable_again = deliver_twice(faults)
    assert isinstance(first, Deferred | Refused)
    assert (first.phase, usable, usable_again) == (Phase(step), True, True)
    assert isinstance(second, Accepted)
    assert (faults.connections, faults.commands.count("RSET"), len(faults.accepted)) == (1, 1, 1)


def test_a_refusal_is_told_at_once_and_not_after_the_reset() -> None:
    faults = FaultServer({"rcpt": say(b"550 5.1.1 nobody\r\n"), "data": say(b"503 no\r\n"), "rset": hang()})

    async def talk(session: Session) -> Outcome:
        return await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot)

    outcome = in_session(faults, talk)
    assert isinstance(outcome, Refused)
    assert outcome.duration_s < 0.2


@BOTH_WAYS
@pytest.mark.parametrize("act", [close(), hang(), say(b"500 what\r\n"), say(b"421 bye\r\n"), say(b"garbage\r\n")])
def test_a_reset_that_fails_makes_the_connection_stale(extensions: tuple[str, ...], act: Act) -> None:
    faults = FaultServer(
        {"rcpt": [say(b"450 later\r\n")], "data": [say(b"503 no\r\n")], "rset": act}, extensions=extensions
    )
    first, usable, second, usable_again = deliver_twice(faults)
    assert isinstance(first, Deferred)
    assert isinstance(second, Unreachable)
    assert (usable, second.phase, second.stale, usable_again, faults.accepted) == (True, Phase.MAIL, True, False, [])


@BOTH_WAYS
@pytest.mark.parametrize(
    "act",
    [close(), reset(), hang(), say(b"421 4.4.2 idle for too long\r\n"), close(b"421 4.4.2 idle\r\n"), say(b"?\r\n")],
)
def test_a_kept_connection_that_fails_at_mail_is_stale(extensions: tuple[str, ...], act: Act) -> None:
    faults = FaultServer({"mail": [OK, act]}, extensions=extensions)
    first, usable, second, usable_again = deliver_twice(faults)
    assert isinstance(first, Accepted)
    assert isinstance(second, Unreachable)
    assert (usable, second.phase, second.stale, usable_again) == (True, Phase.MAIL, True, False)
    assert len(faults.accepted) == 1


@BOTH_WAYS
@pytest.mark.parametrize("code", [b"450", b"452", b"550"])
def test_a_definite_refusal_at_mail_of_a_kept_connection_is_not_stale(extensions: tuple[str, ...], code: bytes) -> None:
    faults = FaultServer(
        {"mail": [OK, say(code + b" no\r\n")], "rcpt": [OK, say(b"503 no\r\n")]}, extensions=extensions
    )
    if extensions is FLIGHT:
        faults.script = {**faults.script, "data": [say(b"354 go\r\n"), say(b"503 no\r\n")]}
    _, _, second, _ = deliver_twice(faults)
    assert isinstance(second, Deferred | Refused)
    assert second.phase is Phase.MAIL


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_kept_connection_that_fails_behind_mail_is_not_stale(step: str) -> None:
    acts = {"rcpt": [OK, close()], "data": [say(b"354 go\r\n"), close()]}
    _, _, second, _ = deliver_twice(FaultServer({step: acts[step]}, extensions=BASIC))
    assert isinstance(second, Unreachable)
    assert (second.phase, second.stale) == (Phase(step), False)


def test_a_first_message_is_never_stale() -> None:
    async def talk(session: Session) -> Outcome:
        return await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot)

    outcome = in_session(FaultServer({"mail": close()}), talk)
    assert isinstance(outcome, Unreachable)
    assert outcome.stale is False


@pytest.mark.parametrize(
    "act", [close(b"250 taken\r\n"), say(b"250 taken\r\n421 4.4.2 good night\r\n"), say(b"250 a\r\n250 b\r\n")]
)
def test_a_connection_that_ends_or_speaks_while_idle_is_not_usable(act: Act) -> None:
    faults = FaultServer({"dot": [act]})
    first, usable, second, _ = deliver_twice(faults, pause_s=0.05)
    assert isinstance(first, Accepted)
    assert usable is False
    assert isinstance(second, Unreachable)
    assert (second.phase, second.stale, len(faults.accepted)) == (Phase.MAIL, True, 1)


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_421_ends_the_use_of_the_connection(step: str) -> None:
    first, usable, _, _ = deliver_twice(FaultServer({step: [say(b"421 4.3.2 shutting down\r\n")]}))
    assert isinstance(first, Deferred)
    assert usable is False


def test_behind_a_refusal_at_the_dot_the_connection_is_used_again() -> None:
    faults = FaultServer({"dot": [say(b"554 5.7.1 spam\r\n")]})
    first, usable, second, _ = deliver_twice(faults)
    assert isinstance(first, Refused)
    assert isinstance(second, Accepted)
    assert (usable, faults.connections) == (True, 1)


def test_a_doubt_ends_the_use_of_the_connection() -> None:
    first, usable, second, _ = deliver_twice(FaultServer({"dot": [hang()]}))
    assert isinstance(first, InDoubt)
    assert usable is False
    assert isinstance(second, Unreachable)
    assert second.stale is True


def test_a_server_that_invites_what_it_has_refused_gets_nothing() -> None:
    faults = FaultServer({"rcpt": [say(b"550 5.1.1 nobody\r\n")]})
    first, usable, _, _ = deliver_twice(faults)
    assert isinstance(first, Refused)
    assert (first.phase, usable, faults.accepted, faults.body_bytes) == (Phase.RCPT, False, [], 0)


def test_what_is_refused_at_home_leaves_the_connection_as_it_is() -> None:
    faults = FaultServer(extensions=("SIZE 60",))

    async def talk(session: Session) -> list[Outcome]:
        letters = (LETTER, LETTER * 2, LETTER)
        return [await session.send(ENVELOPE, letter, before_dot=Caller().before_dot) for letter in letters]

    kinds = [type(outcome) for outcome in in_session(faults, talk)]
    assert kinds == [Accepted, Refused, Accepted]
    assert len(faults.accepted) == 2


def test_a_flood_on_an_idle_connection_is_not_read_for_ever() -> None:
    faults = FaultServer({"dot": [say(b"250 taken\r\n" + b"250 and more\r\n" * 500_000)]})

    async def talk(session: Session) -> int:
        await session.send(Envelope("a@sender.test", "b@recipient.test"), LETTER, before_dot=Caller().before_dot)
        await asyncio.sleep(0.2)
        assert not session.usable
        return session._wire._parser.unread

    assert in_session(faults, talk) < 400_000


def test_an_answer_too_many_ends_a_kept_connection_and_is_charged_to_nobody() -> None:
    faults = FaultServer({"mail": [OK, say(b"250 2.0.0 by the way\r\n250 2.1.0 ok\r\n")]}, extensions=FLIGHT)
    first, _, second, usable = deliver_twice(faults)
    assert isinstance(first, Accepted)
    assert isinstance(second, Unreachable)
    assert (second.phase, second.cause, second.stale, usable) == (Phase.DATA, "garbage", True, False)
    assert len(faults.accepted) == 1
