"""One account of an IMAP server: our way to read it, and another client's way to change it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from imapclient import IMAPClient

from sending.imap import Account, Folder, Reader, open_mailbox
from sending.sandbox.imapd import deliver
from sending.sandbox.world import SandboxWorld
from sending.smtp import Security
from tests.sending.imap.dovecot import Dovecot

LOOPBACK = (ip_network("127.0.0.0/8"),)
INBOX, JUNK, SENT = Folder("INBOX", "inbox"), Folder("Junk", "junk"), Folder("Sent", "sent")
TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Post:
    server: SandboxWorld | Dovecot
    address: str

    @property
    def host(self) -> str:
        return self.server.info.host if isinstance(self.server, SandboxWorld) else self.server.host

    def account(self, **changes: Any) -> Account:
        """Return how we reach the account: over TLS, unless the changes say otherwise."""
        known = Account(
            host=self.host,
            port=self.server.imaps_port,
            security=Security.TLS,
            username=self.address,
            password=self.server.accounts[self.address],
            ca_pem=self.server.ca_pem,
            private=LOOPBACK,
        )
        return replace(known, **changes)

    @contextmanager
    def reading(self, **changes: Any) -> Iterator[Reader]:
        with open_mailbox(self.account(**changes), timeout_s=TIMEOUT_S, most_s=30) as reader:
            yield reader

    @contextmanager
    def other_client(self) -> Iterator[IMAPClient]:
        """Another program of the owner: it marks, moves and deletes."""
        context = ssl.create_default_context(cadata=self.server.ca_pem)
        with IMAPClient(self.host, self.server.imaps_port, ssl_context=context, timeout=TIMEOUT_S) as client:
            client.plain_login(self.address, self.server.accounts[self.address])
            yield client

    def deliver(self, content: bytes, folder: str = "INBOX") -> None:
        if isinstance(self.server, SandboxWorld):
            deliver(self.server.folder / "mail", self.address, content, leaf="" if folder == "INBOX" else folder)
            with self.other_client() as client:
                client.select_folder(folder)  # the order in which it finds them is the order of their UIDs
            return
        with self.other_client() as client:
            client.append(folder, content)

    def stored(self, content: bytes) -> bytes:
        """Return the mail as this server gives it back: the sandbox's Maildirs end lines as Unix does."""
        return content.replace(b"\r\n", b"\n") if isinstance(self.server, SandboxWorld) else content


def mail(number: int, *, size: int = 0, message_id: str = "") -> bytes:
    """Return a mail with a subject that tells its number, of at least `size` bytes."""
    head = f"From: ada@x.test\r\nSubject: Mail {number}\r\nMessage-ID: {message_id or f'<{number}@x.test>'}\r\n\r\n"
    line = "x" * 70 + "\r\n"
    return (head + "Good day\r\n" + line * (size // len(line))).encode()
