"""Messages that a mailbox's server cannot carry end alone: others go, the mailbox stays well, nobody is suppressed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import pytest

from campaigns.contacts.models import Suppression
from sending.chaos.faultsmtpd import FaultServer, Script, say, serving_in_thread
from sending.mailboxes.connections import smtp_servers
from sending.mailboxes.models import Spending
from sending.mailboxes.states import MailboxState
from sending.outbox.core import RETRY_WAITS, after
from sending.outbox.jobs import Job
from sending.outbox.line import Line
from sending.outbox.states import MessageState
from sending.planner.states import StopReason
from sending.smtp import Outcome, Phase, Unreachable
from tests.sending.outbox.plain import Post, claim_all, make_post
from tests.sending.outbox.stage import deliver

pytestmark = pytest.mark.django_db(transaction=True)


def stands_of(post: Post) -> dict[str, str]:
    """Return the state of each message by whom it is for."""
    return {row.recipient.partition("@")[0]: row.state for row in post.messages}


def assert_only_the_message_suffers(post: Post, name: str, reason: str) -> None:
    assert post.message_to(name).state == MessageState.FAILED
    assert reason in post.message_to(name).reason
    assert post.enrollment_of(name).stop_reason == StopReason.REFUSED
    assert not Suppression.objects.exists(), "the address is good"
    post.mailbox.refresh_from_db()
    assert (post.mailbox.state, post.clock.backoff_until) == (MailboxState.ACTIVE, None)


def test_an_address_beyond_ascii_at_a_server_without_smtputf8_is_refused_at_home() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "jürgen", "eve")
        deliver()
    assert stands_of(post) == {"ada": MessageState.SENT, "jürgen": MessageState.FAILED, "eve": MessageState.SENT}
    assert_only_the_message_suffers(post, "jürgen", "The address jürgen@x.test needs SMTPUTF8 (RFC 6531)")
    assert not any("jürgen" in command or "SMTPUTF8" in command for command in server.commands)
    assert Spending.objects.count() == 2, "nothing of it left: it costs its mailbox nothing"


def test_where_it_is_offered_the_address_is_written_to_as_it_is() -> None:
    with serving_in_thread(FaultServer(extensions=("PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH PLAIN"))) as server:
        post = make_post(server, "jürgen")
        deliver()
    assert stands_of(post) == {"jürgen": MessageState.SENT}
    assert "RCPT TO:<jürgen@x.test>" in server.commands


@pytest.mark.parametrize(
    ("extensions", "script", "reason"),
    [
        (("SIZE 100", "AUTH PLAIN"), {}, "the mailbox's server takes 100"),
        (
            ("SIZE 0", "AUTH PLAIN"),
            {"mail": say(b"552 5.3.4 beyond your size limit\r\n")},
            "552 beyond your size limit",
        ),
    ],
)
def test_a_message_over_the_size_fails_and_its_mailbox_stays_well(
    extensions: tuple[str, ...], script: Script, reason: str
) -> None:
    with serving_in_thread(FaultServer(script, extensions=extensions)) as server:
        post = make_post(server, "ada")
        deliver()
    assert_only_the_message_suffers(post, "ada", reason)
    assert not server.accepted
    assert ("MAIL FROM" in " ".join(server.commands)) == bool(script), "what the server has said is not asked"


def test_a_mailbox_that_rests_gives_its_connection_back_and_opens_one_for_each_message() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob", mailbox={"gap_min_s": 2, "gap_max_s": 2})
        deliver(work_s=6)
    assert set(stands_of(post).values()) == {MessageState.SENT}
    assert server.connections == 2
    assert [command for command in server.commands if command == "QUIT"] == ["QUIT", "QUIT"]


def test_a_message_that_the_program_fails_at_is_tried_like_one_whose_connection_fails_and_comes_to_an_end() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        (job,) = claim_all()
        broken = replace(job, content=cast("bytes", None))
        line = Line(smtp_servers([post.mailbox.pk])[post.mailbox.pk])
        outcome = asyncio.run(_send(broken, line))
        assert isinstance(outcome, Unreachable)
        assert (outcome.phase, outcome.cause) == (Phase.DATA, "fault")
        assert "TypeError" in outcome.text
        for refusals in range(len(RETRY_WAITS)):
            assert after(outcome, refusals=refusals).state == MessageState.DEFERRED
        assert after(outcome, refusals=len(RETRY_WAITS)).state == MessageState.FAILED
        assert not server.accepted


def test_a_fault_at_the_mark_goes_up() -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada")
        (job,) = claim_all()

        async def fail() -> bool:
            raise ZeroDivisionError

        line = Line(smtp_servers([post.mailbox.pk])[post.mailbox.pk])
        with pytest.raises(ZeroDivisionError):
            asyncio.run(_send(job, line, before_dot=fail))
        assert not server.accepted


async def _send(job: Job, line: Line, *, before_dot: Callable[[], Awaitable[bool]] | None = None) -> Outcome:
    async def yes() -> bool:
        return True

    try:
        return await line.send(job, before_dot=before_dot or yes)
    finally:
        await line.close()
