"""Write and read mail as any client does: smtplib and IMAPClient, over TLS that checks the certificate."""

from __future__ import annotations

import email
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any, TypeVar

from imapclient import IMAPClient

from sending.sandbox.world import SandboxWorld

TIMEOUT_S = 10
T = TypeVar("T")


def trust(world: SandboxWorld) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=world.ca_pem)


@contextmanager
def submission(world: SandboxWorld, account: str) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP_SSL(world.info.host, world.smtps_port, timeout=TIMEOUT_S, context=trust(world)) as client:
        client.login(account, world.accounts[account])
        yield client


def letter(account: str, recipient: str, message_id: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = account, recipient, message_id
    mail["Subject"], mail["Date"] = "A question", "Tue, 24 Nov 2026 08:15:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hi,\n\none question: how is it going?\n\nOlivia\n")
    return mail.as_bytes(policy=default.clone(linesep="\r\n"))


def send(world: SandboxWorld, account: str, recipient: str, message_id: str, **headers: str) -> tuple[int, bytes]:
    """Send a letter and return the last reply: that to the first command that was refused, else to the dot."""
    with submission(world, account) as client:
        return transaction(client, account, recipient, letter(account, recipient, message_id, **headers))


def transaction(client: smtplib.SMTP, account: str, recipient: str, content: bytes) -> tuple[int, bytes]:
    for reply in (client.mail(account), client.rcpt(recipient)):
        if reply[0] >= 400:
            client.rset()
            return reply
    return client.data(content)


@contextmanager
def mailbox(world: SandboxWorld, account: str) -> Iterator[IMAPClient]:
    with IMAPClient(world.info.host, world.imaps_port, ssl_context=trust(world), timeout=TIMEOUT_S) as client:
        client.login(account, world.accounts[account])
        yield client


def mails_in(world: SandboxWorld, account: str, folder: str = "INBOX") -> list[EmailMessage]:
    with mailbox(world, account) as client:
        client.select_folder(folder, readonly=True)
        found: dict[int, dict[bytes, Any]] = client.fetch(client.search(), ["BODY.PEEK[]"])
        return [parsed(found[uid][b"BODY[]"]) for uid in sorted(found)]


def parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def wait_for(look: Callable[[], T], *, seconds: float = 10) -> T:
    """Return what `look` finds as soon as it is anything."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found
