"""Servers that take their time hold up nobody but their own mailbox, and that one not for ever."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from outreach.kit import loops
from sending.chaos.faultsmtpd import Act, FaultServer, drip, hang, say, serving
from sending.smtp import Accepted, InDoubt, Session, SessionError, Unreachable
from tests.sending.smtp.conversations import ENVELOPE, LETTER, QUICK, Caller, plain

SLOW = drip(b"250 " + b"x" * 2_000 + b"\r\n", every_s=0.02)
TARPITS = {
    "a slow banner": FaultServer({"banner": drip(b"220 " + b"x" * 2_000 + b"\r\n", every_s=0.02)}),
    "no banner": FaultServer({"banner": hang()}),
    "a slow answer to MAIL": FaultServer({"mail": SLOW}),
    "a slow answer to RCPT": FaultServer({"rcpt": SLOW}),
    "a slow 354": FaultServer({"data": drip(b"354 " + b"x" * 2_000 + b"\r\n", every_s=0.02)}),
    "an EHLO that never ends": FaultServer({"ehlo": drip(b"250-x\r\n" * 300, every_s=0.005)}),
    "a RCPT that never ends": FaultServer({"rcpt": drip(b"250-x\r\n" * 300, every_s=0.005)}),
    "a slow answer to the dot": FaultServer({"dot": drip(b"250 " + b"x" * 2_000 + b"\r\n", every_s=0.02, takes=True)}),
    "a dot without answer": FaultServer({"dot": Act(b"", "hang", takes=True)}),
}  # fmt: skip


async def deliver_to(faults: FaultServer) -> tuple[object, float]:
    began = time.monotonic()
    try:
        session = await Session.open(plain(faults), timeouts=QUICK)
    except SessionError as error:
        return error.outcome, time.monotonic() - began
    try:
        return await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot), time.monotonic() - began
    finally:
        await session.close()


@pytest.mark.parametrize("name", TARPITS)
def test_a_tarpit_is_left_when_the_time_of_its_phase_is_over(name: str) -> None:
    tarpit = TARPITS[name]

    async def run() -> tuple[object, float]:
        async with serving(FaultServer(tarpit.script)) as faults:
            return await deliver_to(faults)

    outcome, seconds = loops.run(run())
    assert isinstance(outcome, InDoubt if "dot" in tarpit.script else Unreachable)
    assert 0.2 < seconds < 3


def test_fifty_tarpits_do_not_slow_five_healthy_mailboxes() -> None:
    async def run() -> tuple[list[tuple[object, float]], list[tuple[object, float]]]:
        async with AsyncExitStack() as stack:
            scripts = list(TARPITS.values())
            slow = [
                await stack.enter_async_context(serving(FaultServer(scripts[n % len(scripts)].script)))
                for n in range(50)
            ]
            good = [
                await stack.enter_async_context(serving(FaultServer({"quit": say(b"221 bye\r\n")}))) for _ in range(5)
            ]
            stuck = [asyncio.create_task(deliver_to(one)) for one in slow]
            await asyncio.sleep(0.05)
            healthy = await asyncio.gather(*(deliver_to(one) for one in good))
            return healthy, await asyncio.gather(*stuck)

    healthy, stuck = loops.run(run())
    assert all(isinstance(outcome, Accepted) for outcome, _ in healthy)
    assert max(seconds for _, seconds in healthy) < 1
    assert all(isinstance(outcome, InDoubt | Unreachable) for outcome, _ in stuck)
    assert max(seconds for _, seconds in stuck) < 5
