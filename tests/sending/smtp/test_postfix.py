"""The client against the server that half of the world runs: Debian's Postfix."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from outreach.kit import loops
from sending.smtp import Accepted, Envelope, Message, Outcome, Phase, Refused, Security, Server, Session, build
from sending.smtp.dkim import SigningKey, make_private_key, sign
from tests.sending.smtp import postfix
from tests.sending.smtp.conversations import LOOPBACK
from tests.sending.smtp.signatures import verifies

pytestmark = pytest.mark.postfix
USERS = ("ada", "bob", "cy", "dot")
LETTER = Message(
    from_name="Zoë Müller",
    from_address="zoe@acme.example",
    to_name="Ada",
    to_address=f"ada@{postfix.DOMAIN}",
    subject="Überall Grüße: " + "lighthouse " * 12,
    text="Hello,\n.\n..two dots\n.one dot\nünïcödé\n" + "a long line " * 200 + "\nlast",
    html="<p>Hello</p>\n.\n",
    message_id="<one@acme.example>",
    date=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    list_unsubscribe="mailto:zoe@acme.example?subject=unsubscribe",
)


@pytest.fixture(scope="module")
def server() -> Iterator[postfix.Postfix]:
    with postfix.running(USERS) as found:
        yield found


def deliver(server: postfix.Postfix, mails: Sequence[tuple[str, bytes]]) -> list[Outcome]:
    """Send mails, (user, content) each, one after the other over one connection."""

    async def yes() -> bool:
        return True

    async def run() -> list[Outcome]:
        session = await Session.open(
            Server(postfix.HOST, server.port, Security.STARTTLS, ca_pem=server.ca_pem, private=LOOPBACK)
        )
        try:
            return [
                await session.send(
                    Envelope("zoe@acme.example", f"{user}@{postfix.DOMAIN}", envelope_id="7"), content, before_dot=yes
                )
                for user, content in mails
            ]
        finally:
            await session.close()

    return loops.run(run())


def test_a_message_arrives_as_it_was_written(server: postfix.Postfix) -> None:
    content = build(LETTER)
    (outcome,) = deliver(server, [("ada", content)])
    assert isinstance(outcome, Accepted)
    (raw,) = server.taken("ada", 1)
    taken = email.message_from_bytes(raw, policy=email.policy.default)
    assert taken["Subject"] == LETTER.subject.strip()
    assert taken["From"].addresses[0].display_name == "Zoë Müller"
    assert taken["Message-ID"] == LETTER.message_id
    assert taken["List-Unsubscribe"] == f"<{LETTER.list_unsubscribe}>"
    plain, html = taken.get_body(("plain",)), taken.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content() == f"{LETTER.text}\n"
    assert html.get_content() == LETTER.html


def test_many_messages_leave_over_one_connection_with_a_refusal_between(server: postfix.Postfix) -> None:
    letters = [
        (user, build(replace(LETTER, to_address=f"{user}@{postfix.DOMAIN}", message_id=f"<{n}@acme.example>")))
        for n, user in enumerate(("bob", "nobody", "bob", "bob"))
    ]
    outcomes = deliver(server, letters)
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted, Accepted]
    refused = outcomes[1]
    assert isinstance(refused, Refused)
    assert (refused.phase, refused.reply.code, refused.reply.enhanced) == (Phase.RCPT, 550, "5.1.1")
    ids = [email.message_from_bytes(raw)["Message-ID"] for raw in server.taken("bob", 3)]
    assert ids == ["<0@acme.example>", "<2@acme.example>", "<3@acme.example>"]


def test_a_message_that_is_too_large_is_not_even_asked_for(server: postfix.Postfix) -> None:
    large = build(replace(LETTER, text="a line of the large one\n" * 4_000))
    small = build(replace(LETTER, message_id="<small@acme.example>", text="short", html=None))
    outcomes = deliver(server, [("cy", large), ("cy", small)])
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].ours
    assert outcomes[0].reply.enhanced == "5.3.4"
    assert isinstance(outcomes[1], Accepted)
    assert len(server.taken("cy", 1)) == 1


def test_a_signature_still_verifies_after_postfix_has_handled_the_message(server: postfix.Postfix) -> None:
    key = SigningKey("acme.example", "out2026", make_private_key())
    deliver(server, [("dot", sign(build(LETTER), key, at=LETTER.date))])
    (raw,) = server.taken("dot", 1)
    assert b"DKIM-Signature" in raw
    assert verifies(raw.replace(b"\n", b"\r\n"), key)
