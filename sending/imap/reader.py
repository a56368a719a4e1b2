"""Sign in to a mailbox and read it: folders by their use, mails by UID in bounded pieces."""

from __future__ import annotations

import imaplib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from outreach.kit.connect import BlockedAddress, ConnectFailed, UnknownHost, safe_connect_sync
from sending.imap.account import IMAP_PORTS, Account, ImapError, Misbehaved, SignInRefused, Unreachable
from sending.smtp.server import Security, tls_context

TIMEOUT_S = 60.0
CHUNK = 50
_ROLES = {b"\\junk": "junk", b"\\sent": "sent", b"\\all": "all", b"\\trash": "trash", b"\\drafts": "drafts"}
_JUNK_NAMES = frozenset({"junk", "spam", "junk e-mail", "junk email", "bulk mail"})
_SENT_NAMES = frozenset({"sent", "sent items", "sent mail", "gesendet", "gesendete elemente"})


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and what it is for: inbox, junk, sent, all, trash, drafts or other (RFC 6154)."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class FolderState:
    """RFC 3501 section 2.3.1.1."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it lies in the mailbox. truncated: it was larger than the bound, and only its head was fetched."""

    uid: int
    internaldate: datetime | None
    size: int
    raw: bytes
    truncated: bool


class Reader:
    """A signed-in connection to one mailbox."""

    def __init__(self, client: IMAPClient, dialogue: list[tuple[str, str]]) -> None:
        self._client = client
        self._selected = ""
        self.dialogue = dialogue

    def folders(self) -> list[Folder]:
        """Return the folders that can be selected, the inbox first."""
        found = []
        for flags, _, name in self._client.list_folders():
            lowered = {flag.lower() for flag in flags}
            if b"\\noselect" not in lowered and b"\\nonexistent" not in lowered:
                found.append(Folder(str(name), _role(str(name), lowered)))
        return sorted(found, key=lambda folder: (folder.role != "inbox", folder.name))

    def state(self, folder: Folder) -> FolderState:
        """Select the folder for reading and return its state."""
        info = self._client.select_folder(folder.name, readonly=True)
        self._selected = folder.name
        exists = int(info.get(b"EXISTS", 0))
        uidnext = info.get(b"UIDNEXT")
        if uidnext is None:  # old servers do not say it
            uids = self._client.search(["UID", "*"]) if exists else []
            uidnext = max(uids, default=0) + 1
        return FolderState(int(info.get(b"UIDVALIDITY", 0)), int(uidnext), exists)

    def fetch_since(self, folder: Folder, last_uid: int, *, limit: int, max_bytes: int) -> Iterator[RawMail]:
        """Yield the mails behind last_uid in order of their UIDs, at most `limit`; no mail becomes seen by it."""
        if self._selected != folder.name:
            self.state(folder)
        # "n:*" always names the last mail, also when its UID is below n.
        uids = sorted(uid for uid in self._client.search(["UID", f"{last_uid + 1}:*"]) if uid > last_uid)[:limit]
        for start in range(0, len(uids), CHUNK):
            chunk = uids[start : start + CHUNK]
            sizes = self._client.fetch(chunk, ["RFC822.SIZE", "INTERNALDATE"])
            for uid in chunk:
                about = sizes.get(uid)
                if about is not None:  # another client may have removed it meanwhile
                    mail = self._fetch_one(uid, about, max_bytes)
                    if mail is not None:
                        yield mail

    def find_message_id(self, folder: Folder, message_id: str) -> bool:
        """Say whether the folder holds a mail with this Message-ID. Absence is no proof that it was not sent."""
        if self._selected != folder.name:
            self.state(folder)
        return bool(self._client.search(["HEADER", "Message-ID", message_id]))

    def _fetch_one(self, uid: int, about: dict[bytes, Any], max_bytes: int) -> RawMail | None:
        size = int(about.get(b"RFC822.SIZE", 0))
        truncated = size > max_bytes
        key = f"BODY.PEEK[]<0.{max_bytes}>" if truncated else "BODY.PEEK[]"
        got = self._client.fetch([uid], [key]).get(uid, {})
        raw = next((value for name, value in got.items() if name.startswith(b"BODY[]")), None)
        if raw is None:
            return None
        when = about.get(b"INTERNALDATE")
        at = when.astimezone(UTC) if isinstance(when, datetime) else None
        return RawMail(uid, at, size, bytes(raw)[:max_bytes], truncated)


@contextmanager
def open_mailbox(account: Account, *, timeout_s: float = TIMEOUT_S) -> Iterator[Reader]:
    """Connect, sign in, and sign out at the end. Raises SignInRefused, Unreachable or Misbehaved, also from within."""
    dialogue: list[tuple[str, str]] = []
    try:
        client = _connect(account, timeout_s, dialogue)
        try:
            _sign_in(client, account, dialogue)
            yield Reader(client, dialogue)
        finally:
            _leave(client)
    except ImapError:
        raise
    except (UnknownHost, BlockedAddress, ConnectFailed) as error:
        causes = {
            UnknownHost: "unknown_host",
            BlockedAddress: "blocked_address",
            ConnectFailed: "no_connection",
        }
        raise Unreachable(str(error), cause=causes[type(error)], dialogue=tuple(dialogue)) from error
    except ssl.SSLCertVerificationError as error:
        words = f"The certificate is not valid: {error.verify_message}."
        raise Unreachable(words, cause="certificate", dialogue=tuple(dialogue)) from error
    except ssl.SSLError as error:
        raise Unreachable("TLS failed.", cause="tls", dialogue=tuple(dialogue)) from error
    except TimeoutError as error:
        raise Unreachable("No answer in time.", cause="timeout", dialogue=tuple(dialogue)) from error
    except (OSError, imaplib.IMAP4.abort) as error:
        raise Unreachable("The connection was lost.", dialogue=tuple(dialogue)) from error
    except (IMAPClientError, imaplib.IMAP4.error, ValueError) as error:
        raise Misbehaved(f"The server answered: {str(error)[:300]}", dialogue=tuple(dialogue)) from error


def _connect(account: Account, timeout_s: float, dialogue: list[tuple[str, str]]) -> IMAPClient:
    sock = safe_connect_sync(account.host, account.port, ports=IMAP_PORTS, private=account.private, timeout_s=timeout_s)
    dialogue.append(("note", f"Connected to {account.host} on port {account.port}."))
    is_local = ipaddress.ip_address(sock.getpeername()[0]).is_loopback
    if account.security is Security.PLAIN and not is_local:
        sock.close()
        raise Unreachable("A password is never sent over an unprotected connection.", cause="insecure")
    try:
        if account.security is Security.TLS:
            sock = tls_context(account.ca_pem).wrap_socket(sock, server_hostname=account.host)
            dialogue.append(("note", "The connection is protected by TLS."))
        client = _Client(sock, account.host, timeout_s)
        dialogue.append(("server", client.welcome.decode("utf-8", "replace")[:300]))
        if account.security is Security.STARTTLS:
            dialogue.append(("client", "STARTTLS"))
            client.starttls(tls_context(account.ca_pem))
            dialogue.append(("note", "The connection is protected by TLS."))
    except BaseException:
        sock.close()
        raise
    return client


def _sign_in(client: IMAPClient, account: Account, dialogue: list[tuple[str, str]]) -> None:
    dialogue.append(("client", f"LOGIN {account.username} ********"))
    try:
        answer = client.login(account.username, account.password)
    except LoginError as error:
        words = f"The server refused the sign-in: {str(error)[:300]}"
        dialogue.append(("server", str(error)[:300]))
        raise SignInRefused(words, dialogue=tuple(dialogue)) from error
    dialogue.append(("server", answer.decode("utf-8", "replace")[:300] if isinstance(answer, bytes) else "OK"))


def _leave(client: IMAPClient) -> None:
    try:
        client.logout()
    except (OSError, IMAPClientError, imaplib.IMAP4.error):
        client.shutdown()


class _Client(IMAPClient):  # type: ignore[misc]  # the library carries no types
    """IMAPClient on a connection that was made and judged by us."""

    def __init__(self, sock: socket.socket, host: str, timeout_s: float) -> None:
        self._given = sock
        self._name = host
        super().__init__(host, port=0, ssl=False, use_uid=True, timeout=timeout_s)
        self.normalise_times = False

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # the library's hook
        return _Imap4(self._given, self._name)


class _Imap4(imaplib.IMAP4):
    def __init__(self, sock: socket.socket, host: str) -> None:
        self._given = sock
        super().__init__(host=host)  # the name that STARTTLS verifies

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:  # noqa: ARG002
        self.host, self.port = host, port
        self.sock = self._given
        self.file = self.sock.makefile("rb")


def _role(name: str, flags: set[bytes]) -> str:
    if name.upper() == "INBOX":
        return "inbox"
    for flag in flags:
        if flag in _ROLES:
            return _ROLES[flag]
    leaf = name.replace("/", ".").rsplit(".", 1)[-1].lower()
    if leaf in _JUNK_NAMES:
        return "junk"
    return "sent" if leaf in _SENT_NAMES else "other"
