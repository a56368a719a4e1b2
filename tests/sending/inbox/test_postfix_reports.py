"""Reports that Debian's Postfix really makes of what a server behind it refuses, as the inbox takes them in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller

from outreach.embedded.ports import free_port
from outreach.kit import clock, loops
from sending.bounces import Kind
from sending.outbox.models import OutboundMessage
from sending.smtp import Accepted, Envelope, Message, Security, Server, Session, build, token_of
from tests.sending.inbox.scene import Scene, come_in, make_scene
from tests.sending.smtp import postfix
from tests.sending.smtp.conversations import LOOPBACK

pytestmark = [pytest.mark.postfix, pytest.mark.django_db]
AT = "later.test"  # where Postfix relays to
# A first try, a notice of delay, the next try and the end: within seconds instead of days.
SETTINGS = """
relay_domains = {at}
relay_transport = smtp:[127.0.0.1]:{port}
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
maximal_queue_lifetime = 6s
bounce_queue_lifetime = 6s
"""


class Refusing:
    """Answers each recipient by its name."""

    async def handle_RCPT(self, _server: object, _session: object, envelope: object, address: str, _: object) -> str:  # noqa: N802  # aiosmtpd's name
        answers = {
            "gone": "550 5.1.1 <gone@later.test>: Recipient address rejected: User unknown",
            "full": "552 5.2.2 <full@later.test>: Mailbox full",
            "slow": "451 4.3.0 Temporary lookup failure, please try again later",
        }
        return answers[address.partition("@")[0]]


@pytest.fixture(scope="module")
def server() -> Iterator[postfix.Postfix]:
    behind = Controller(Refusing(), hostname="127.0.0.1", port=free_port())
    behind.start()
    try:
        with postfix.running(["gone", "full", "slow"], settings=SETTINGS.format(at=AT, port=behind.port)) as found:
            yield found
    finally:
        behind.stop()


def written_to(server: postfix.Postfix, who: str) -> Scene:
    """Send the scene's message over Postfix; its reports come to a mailbox of the same name."""
    scene = make_scene(email=f"{who}@{AT}")
    OutboundMessage.objects.update(message_id=f"<Zo-9_aBcDeFgHiJkLmNo{who}@acme.example>", dot_at=clock.now())
    scene.message.refresh_from_db()
    letter = Message(
        from_address=f"{who}@{postfix.DOMAIN}",
        to_address=scene.message.recipient,
        subject="Hello",
        text="Good day",
        message_id=scene.message.message_id,
        date=datetime(2026, 11, 24, tzinfo=UTC),
    )

    async def yes() -> bool:
        return True

    async def run() -> object:
        box = Server(postfix.HOST, server.port, Security.STARTTLS, ca_pem=server.ca_pem, private=LOOPBACK)
        session = await Session.open(box)
        try:
            envelope = Envelope(letter.from_address, letter.to_address, envelope_id=token_of(letter.message_id))
            return await session.send(envelope, build(letter), before_dot=yes)
        finally:
            await session.close()

    assert isinstance(loops.run(run()), Accepted)
    return scene


def test_an_unknown_user_is_suppressed(server: postfix.Postfix) -> None:
    scene = written_to(server, "gone")
    (raw,) = server.taken("gone", 1)
    row = come_in(scene, raw, at=None)
    assert (row.kind, row.category, row.matched_by, row.answers) == (
        Kind.BOUNCE, "bad_mailbox", "original_id", scene.message,
    )  # fmt: skip
    assert scene.suppressed() == {"gone@later.test": "no_such_address"}
    assert scene.stands == ("stopped", "bounced")


def test_the_same_report_is_matched_by_our_token_where_it_lost_our_id(server: postfix.Postfix) -> None:
    scene = written_to(server, "gone")
    raw = server.taken("gone", 1)[0].replace(b"\nMessage-ID: <Zo-9_", b"\nX-Was: <Zo-9_")
    row = come_in(scene, raw, at=None)
    assert (row.category, row.matched_by, row.answers) == ("bad_mailbox", "token", scene.message)


def test_a_full_mailbox_suppresses_nobody(server: postfix.Postfix) -> None:
    scene = written_to(server, "full")
    (raw,) = server.taken("full", 1)
    row = come_in(scene, raw, at=None)
    assert (row.kind, row.category, row.answers) == (Kind.BOUNCE, "mailbox_full", scene.message)
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))


def test_a_delay_changes_nothing_and_its_end_is_soft(server: postfix.Postfix) -> None:
    scene = written_to(server, "slow")
    delayed, expired = (come_in(scene, raw, at=None) for raw in server.taken("slow", 2)[:2])
    assert (delayed.kind, delayed.category, delayed.answers) == (Kind.DELAYED, "temporary", scene.message)
    assert (expired.kind, expired.category, expired.answers) == (Kind.BOUNCE, "temporary", scene.message)
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))
