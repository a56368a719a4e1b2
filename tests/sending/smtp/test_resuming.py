"""Taking a TLS session up again: with whom, after what, and never with a server that has not proved itself."""

from __future__ import annotations

from functools import partial

import pytest

from outreach.kit import loops
from sending.chaos.certificates import authority, leaf, server_context
from sending.chaos.faultsmtpd import Act, FaultServer, cut, serving
from sending.smtp import Security, Server, Session, SessionError
from sending.smtp.opening import open_connection
from sending.smtp.resuming import ResumingContext
from sending.smtp.server import tls_context
from sending.smtp.wire import Dialogue
from tests.sending.smtp.conversations import QUICK, signed_in

BY_TLS = partial(signed_in, security=Security.TLS)


@pytest.fixture(autouse=True)
def fresh_contexts() -> None:
    tls_context.cache_clear()


def secure() -> FaultServer:
    return FaultServer({}, tls=server_context(leaf()), implicit=True)


async def is_taken_up(server: Server) -> bool:
    """Connect, hang up, and say whether the connection took a session up again."""
    opened = await open_connection(server, QUICK, Dialogue())
    reused = opened.transport.get_extra_info("ssl_object").session_reused
    opened.transport.abort()
    return bool(reused)


def test_the_next_connection_takes_the_session_up_whoever_signs_in() -> None:
    async def run() -> list[bool]:
        async with serving(secure()) as faults:
            first, second = BY_TLS(faults), BY_TLS(faults)
            return [await is_taken_up(one) for one in (first, second, first)]

    assert loops.run(run()) == [False, True, True]


def test_starttls_takes_it_up_too() -> None:
    async def run() -> list[bool]:
        async with serving(FaultServer({}, tls=server_context(leaf()))) as faults:
            server = signed_in(faults, security=Security.STARTTLS)
            return [await is_taken_up(server) for _ in range(2)]

    assert loops.run(run()) == [False, True]


def test_another_server_of_that_name_proves_itself_anew_and_is_refused_where_it_cannot() -> None:
    async def run() -> None:
        async with serving(secure()) as faults:
            await is_taken_up(BY_TLS(faults))
        async with serving(secure()) as other:
            assert not await is_taken_up(BY_TLS(other))
        expired = FaultServer({}, tls=server_context(leaf(first_day=-9, last_day=-2)), implicit=True)
        async with serving(expired):
            with pytest.raises(SessionError) as found:
                await Session.open(BY_TLS(expired), timeouts=QUICK)
        assert getattr(found.value.outcome, "cause", "") == "certificate_dates"

    loops.run(run())


def test_a_session_is_kept_under_the_authorities_that_verified_it() -> None:
    async def run() -> None:
        async with serving(secure()) as faults:
            assert not await is_taken_up(BY_TLS(faults))
            server = BY_TLS(faults)
            assert server.ca_pem == authority().pem
            public = Server(server.host, server.port, server.security, private=server.private)
            with pytest.raises(SessionError) as found:
                await Session.open(public, timeouts=QUICK)
            assert getattr(found.value.outcome, "cause", "") == "certificate_issuer"

    loops.run(run())


def test_after_a_failed_opening_the_next_one_begins_anew() -> None:
    async def run() -> list[bool]:
        script: dict[str, Act] = {}
        async with serving(FaultServer(script, tls=server_context(leaf()), implicit=True)) as faults:
            taken_up = [await is_taken_up(BY_TLS(faults))]
            script["ehlo"] = cut()
            with pytest.raises(SessionError):
                await Session.open(BY_TLS(faults), timeouts=QUICK)
            del script["ehlo"]
            return [*taken_up, await is_taken_up(BY_TLS(faults))]

    assert loops.run(run()) == [False, False]


def test_the_sessions_of_many_hosts_have_an_end() -> None:
    context = tls_context(None)
    assert isinstance(context, ResumingContext)
    for number in range(600):
        context.keep(_Up(f"mail{number}.test"))  # type: ignore[arg-type]  # what it asks of a connection
    assert len(context._sessions) == 500
    assert "mail0.test" not in context._sessions


class _Up:
    session_reused = False

    class session:  # noqa: N801
        has_ticket = True

    def __init__(self, host: str) -> None:
        self.server_hostname = host
