"""The submission server as a client meets it: sign-in, sender, each recipient's answer, the log before the reply."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from sending.sandbox.smtpd import Handler, Pace
from sending.sandbox.store import Store
from sending.sandbox.world import SandboxWorld
from tests.sending.sandbox.post import (
    TIMEOUT_S,
    letter,
    mailbox,
    mails_in,
    send,
    submission,
    transaction,
    trust,
    wait_for,
)


def ids_of(world: SandboxWorld, recipient: str) -> list[str]:
    return [row["message_id"] for row in world.accepted() if row["recipient"] == recipient]


def test_starttls_and_the_way_in(world: SandboxWorld) -> None:
    with smtplib.SMTP(world.info.host, world.smtp_port, timeout=TIMEOUT_S) as client:
        client.ehlo()
        assert not client.has_extn("auth"), "no password before TLS"
        assert client.mail("me0@acme.test")[0] == 530
        client.starttls(context=trust(world))
        client.ehlo()
        for extension in ("auth", "size", "8bitmime", "smtputf8", "pipelining"):
            assert client.has_extn(extension), extension
        assert client.mail("me0@acme.test")[0] == 530, "sign in first"
        assert {"PLAIN", "LOGIN"} <= set(client.esmtp_features["auth"].split())
        client.login("me0@acme.test", "secret-0")
        assert client.mail("me0@acme.test")[0] == 250


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_both_mechanisms_sign_in(world: SandboxWorld, mechanism: str) -> None:
    with smtplib.SMTP_SSL(world.info.host, world.smtps_port, timeout=TIMEOUT_S, context=trust(world)) as client:
        client.ehlo()
        client.user, client.password = "ME0@acme.test", "secret-0"
        code, _ = client.auth(mechanism.removeprefix("auth_").upper(), getattr(client, mechanism))
        assert code == 235


@pytest.mark.parametrize(
    ("user", "password"),
    [("me0@acme.test", "secret-1"), ("me0@acme.test", ""), ("nobody@acme.test", "secret-0"), ("me0", "secret-0")],
)
def test_a_wrong_password_or_name_is_refused(world: SandboxWorld, user: str, password: str) -> None:
    with smtplib.SMTP_SSL(world.info.host, world.smtps_port, timeout=TIMEOUT_S, context=trust(world)) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login(user, password)
        assert caught.value.smtp_code == 535


def test_a_client_that_knows_no_authority_refuses_the_server(world: SandboxWorld) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL(world.info.host, world.smtps_port, timeout=TIMEOUT_S, context=ssl.create_default_context())


@pytest.mark.parametrize("sender", ["me1@acme.test", "", "me0@acme.test.evil.test"])
def test_only_the_signed_in_account_may_be_the_sender(world: SandboxWorld, sender: str) -> None:
    with submission(world, "me0@acme.test") as client:
        assert client.mail(sender)[0] == 553
        assert client.mail("Me0@Acme.test")[0] == 250


@pytest.mark.parametrize(
    ("tag", "code", "enhanced"),
    [("refuse", 550, b"5.1.1"), ("policy", 550, b"5.7.1"), ("full", 452, b"4.2.2"), ("greylist", 450, b"4.7.1")],
)
def test_refusals_come_at_rcpt(world: SandboxWorld, tag: str, code: int, enhanced: bytes) -> None:
    reply = send(world, "me0@acme.test", f"rcpt+{tag}@globex.test", f"<{tag}@acme.test>")
    assert (reply[0], reply[1].split()[0]) == (code, enhanced)
    assert ids_of(world, f"rcpt+{tag}@globex.test") == []


def test_a_greylisted_pair_is_accepted_after_its_wait(world: SandboxWorld) -> None:
    recipient = "later+greylist@globex.test"
    assert send(world, "me0@acme.test", recipient, "<grey@acme.test>")[0] == 450
    assert send(world, "me1@acme.test", recipient, "<grey1@acme.test>")[0] == 450, "another sender waits too"
    accepted = wait_for(lambda: send(world, "me0@acme.test", recipient, "<grey@acme.test>")[0] == 250)
    assert accepted
    assert ids_of(world, recipient) == ["<grey@acme.test>"]


def test_a_greylisted_pair_waits_in_the_worlds_time(store: Store) -> None:
    handler = Handler(store, Pace(time_scale=2), lambda _account, _content: None)
    envelope = Envelope()
    envelope.mail_from = "me@acme.test"

    async def rcpt() -> str:
        session = Session(asyncio.get_running_loop())
        return await handler.handle_RCPT(SMTP(handler), session, envelope, "a+greylist@x.test", [])

    assert asyncio.run(rcpt()).startswith("450")
    store.greylisted_for("me@acme.test", "b+greylist@x.test", time.time() - 119)
    store._db.execute("UPDATE greylist SET since = since - 119")
    assert asyncio.run(rcpt()).startswith("450"), "four minutes are two at double speed"
    store._db.execute("UPDATE greylist SET since = since - 2")
    assert asyncio.run(rcpt()).startswith("250")


def test_each_recipient_is_accepted_and_the_sender_keeps_a_copy(world: SandboxWorld) -> None:
    recipients = ["one+silent@x.test", "two+silent@x.test"]
    with submission(world, "me2@acme.test") as client:
        refused = client.sendmail(
            "me2@acme.test",
            [*recipients, "three+refuse@x.test"],
            letter("me2@acme.test", recipients[0], "<many@acme.test>"),
        )
    assert set(refused) == {"three+refuse@x.test"}
    assert [ids_of(world, one) for one in recipients] == [["<many@acme.test>"]] * 2
    (copy,) = mails_in(world, "me2@acme.test", "Sent")
    assert copy["Message-ID"] == "<many@acme.test>"
    assert mails_in(world, "me2@acme.test") == []


def test_many_messages_go_over_one_connection(world: SandboxWorld) -> None:
    with submission(world, "me3@acme.test") as client:
        for number in range(5):
            recipient = f"kept{number}+silent@x.test"
            code, _ = transaction(
                client, "me3@acme.test", recipient, letter("me3@acme.test", recipient, f"<k{number}@acme.test>")
            )
            assert code == 250
    assert [ids_of(world, f"kept{number}+silent@x.test") for number in range(5)] == [
        [f"<k{number}@acme.test>"] for number in range(5)
    ]


def test_commands_may_come_together(world: SandboxWorld) -> None:
    with submission(world, "me3@acme.test") as client:
        assert client.sock is not None
        client.sock.sendall(
            b"MAIL FROM:<me3@acme.test>\r\nRCPT TO:<p+refuse@x.test>\r\nRCPT TO:<p+silent@x.test>\r\nNOOP\r\n"
        )
        assert [client.getreply()[0] for _ in range(4)] == [250, 550, 250, 250]


@pytest.mark.parametrize("body", [b".", b"..", b".\r\n.\r\nx", b"\xff\xfe\x00", b"", b"a" * 990])
def test_any_body_arrives_as_it_was_written(world: SandboxWorld, body: bytes) -> None:
    content = b"Message-ID: <body@acme.test>\r\nSubject: x\r\n\r\n" + body + b"\r\n"
    with submission(world, "me4@acme.test") as client:
        assert transaction(client, "me4@acme.test", "any+silent@x.test", content)[0] == 250
    with mailbox(world, "me4@acme.test") as reader:
        reader.select_folder("Sent")
        newest = max(reader.search())
        stored = reader.fetch([newest], ["BODY.PEEK[]"])[newest][b"BODY[]"]
    assert stored.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")


def test_a_message_that_is_no_mail_is_accepted_too(world: SandboxWorld) -> None:
    for content in (b"", b"\x00\xff", b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff"):
        with submission(world, "me4@acme.test") as client:
            assert transaction(client, "me4@acme.test", "noise+reply@x.test", content)[0] == 250
    assert ids_of(world, "noise+reply@x.test") == ["", "", ""]


def test_an_address_in_utf_8_is_accepted(world: SandboxWorld) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "me4@acme.test", "jürgen+silent@müller.test", "<utf8@acme.test>"
    mail.set_content("Grüß Gott\n")
    with submission(world, "me4@acme.test") as client:
        client.send_message(mail)
    assert ids_of(world, "jürgen+silent@müller.test") == ["<utf8@acme.test>"]


def test_a_message_is_in_the_log_before_its_sender_hears_of_it(tmp_path: Path) -> None:
    with (
        SandboxWorld(tmp_path, {"me@acme.test": "secret"}, slow_s=30) as slow,
        submission(slow, "me@acme.test") as client,
    ):
        client.mail("me@acme.test")
        client.rcpt("anna+silent@x.test")
        client.docmd("DATA")
        client.send(letter("me@acme.test", "anna+silent@x.test", "<early@acme.test>") + b".\r\n")
        assert wait_for(lambda: ids_of(slow, "anna+silent@x.test")) == ["<early@acme.test>"]
        assert client.sock is not None
        client.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        client.close()  # dies without having heard of it
        (copy,) = wait_for(lambda: mails_in(slow, "me@acme.test", "Sent"))
        assert copy["Message-ID"] == "<early@acme.test>"


def test_a_message_that_cannot_be_written_down_is_refused_for_now(tmp_path: Path) -> None:
    store = Store(tmp_path)
    handler = Handler(store, Pace(), lambda _account, _content: None)
    store.close()  # as a full disk: no line can be written

    async def talk() -> str:
        try:
            return await accept(handler, "anna+reply@x.test")
        except OSError as error:
            return await handler.handle_exception(error)

    assert asyncio.run(talk()).startswith("451 4.3.0")


async def accept(handler: Handler, recipient: str) -> str:
    session, envelope = Session(asyncio.get_running_loop()), Envelope()
    session.auth_data = "me@acme.test"  # type: ignore[assignment]  # the library's type is that of its default
    envelope.rcpt_tos, envelope.original_content = [recipient], b"Message-ID: <direct@x>\r\n\r\n"
    return await handler.handle_DATA(SMTP(handler), session, envelope)


@pytest.mark.parametrize(("tag", "least_s"), [("slow", 0.5), ("silent", 0.1)])
def test_a_slow_recipient_takes_longer(store: Store, tag: str, least_s: float) -> None:
    handler = Handler(store, Pace(slow_s=0.1, slow_recipient_s=0.4), lambda _account, _content: None)
    before = time.monotonic()
    assert asyncio.run(accept(handler, f"tar+{tag}@x.test")).startswith("250")
    assert least_s <= time.monotonic() - before < least_s + 0.4


def test_an_answer_does_not_wait_for_the_clients_acknowledgement(world: SandboxWorld) -> None:
    with submission(world, "me5@acme.test") as client, mailbox(world, "me5@acme.test") as reader:
        before = time.monotonic()
        for _ in range(20):
            client.noop()
            reader.folder_status("INBOX")
        assert time.monotonic() - before < 0.8, "two small writes in a row met Nagle's algorithm: 40 ms each"


def test_noise_on_the_wire_disturbs_nobody(world: SandboxWorld) -> None:
    for port in (world.smtp_port, world.smtps_port, world.imap_port, world.imaps_port):
        for noise in (b"\x16\x03\x01\xff\xff\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70_000, b""):
            with socket.create_connection((world.info.host, port), timeout=TIMEOUT_S) as wire:
                wire.sendall(noise)
    assert send(world, "me5@acme.test", "calm+silent@x.test", "<calm@acme.test>")[0] == 250
    assert re.match(r"<calm@", ids_of(world, "calm+silent@x.test")[0])
