"""The sandbox's IMAP server: pymap over Maildirs, into which mails are delivered as any mail server does."""

from __future__ import annotations

import asyncio
import mailbox
import socket
import ssl
import tempfile
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.maildir import Config, Identity, Login, MaildirBackend, Session
from pymap.config import BackendCapability
from pymap.imap import IMAPServer, IMAPService
from pymap.interfaces.login import IdentityInterface
from pymap.selected import SelectedMailbox
from pysasl.hashing import BuiltinHash

from sending.sandbox.authority import Certificate

# The passwords of the sandbox protect nothing; a real number of rounds would only slow each sign-in down.
_ROUNDS = 1_000
SENT, JUNK = "Sent", "Junk"


def prepare(folder: Path, accounts: Mapping[str, str]) -> None:
    """Make the folder ready to be served: account files for pymap (address -> password), mailboxes, nothing stale."""
    drafts = folder / ".tmp"
    drafts.mkdir(parents=True, exist_ok=True)
    # pymap writes its lists into Python's folder for temporary files and renames them into the mailbox: both must be
    # on one file system, which /tmp and the data often are not (seen with pymap 0.36.7, November 2026).
    tempfile.tempdir = str(drafts)
    for left in (*drafts.iterdir(), *folder.rglob("dovecot-uidlist.lock")):  # of a run that was killed
        left.unlink()
    hashing = BuiltinHash(hash_name="sha256", rounds=_ROUNDS)
    users = "".join(f"{name}:x:1000:1000::{name}:\n" for name in accounts)
    passwords = "".join(f"{name}:{hashing.hash(password)}:::::::\n" for name, password in accounts.items())
    for name, content in (("pymap-etc-passwd", users), ("pymap-etc-shadow", passwords)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    for name in accounts:
        box = mailbox.Maildir(folder / name, create=True)
        for leaf in (SENT, JUNK):
            if leaf not in box.list_folders():
                box.add_folder(leaf)


def deliver(folder: Path, account: str, content: bytes, *, leaf: str = "") -> None:
    """Put a mail into an account's inbox, or into one of its folders. Also clients in IDLE see it, within seconds."""
    box = mailbox.Maildir(folder / account, create=True)
    (box.get_folder(leaf) if leaf else box).add(content)


async def serve_imap(
    stack: AsyncExitStack, folder: Path, listeners: tuple[socket.socket, socket.socket], cert: Certificate
) -> None:
    """Serve IMAP with STARTTLS on the first socket and over TLS on the second, until the stack is closed."""
    for listener, is_implicit in zip(listeners, (False, True), strict=True):
        config = _config(folder, cert, is_implicit=is_implicit)
        config.apply_context()
        backend = MaildirBackend(_Login(config), config)
        await backend.start(stack)
        callback = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        context = config.ssl_context if is_implicit else None
        server = await asyncio.start_server(callback, sock=listener, ssl=context)
        stack.callback(server.close)


def tls_of(cert: Certificate) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert.cert, cert.key)
    return context


def _config(folder: Path, cert: Certificate, *, is_implicit: bool) -> _Config:
    parser = ArgumentParser()
    MaildirBackend.add_subparser("maildir", parser.add_subparsers(dest="backend"))
    IMAPService.add_arguments(parser)
    words = ["--cert", str(cert.cert), "--key", str(cert.key), *(["--no-tls"] if is_implicit else [])]
    args = parser.parse_args([*words, "maildir", str(folder)])
    args.debug, args.skip_services, args.passlib_cfg = False, [], None
    return _Config.from_args(args)


class _Config(Config):
    """pymap's settings, with a greeting that asks no name server, and with the extension that _Session adds."""

    @property
    def greeting(self) -> bytes:
        return b"Outreach sandbox ready"

    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=True, multi_append=True, custom=[b"SPECIAL-USE"])


class _Session(Session):
    """A session that tells what the folders are for (RFC 6154), which pymap leaves out."""

    async def list_mailboxes(
        self, ref_name: str, filter_: str, subscribed: bool = False, selected: SelectedMailbox | None = None  # noqa: FBT001, FBT002  # pymap's signature
    ) -> tuple[Iterable[tuple[str, str | None, Sequence[bytes]]], SelectedMailbox | None]:  # fmt: skip
        found, updates = await super().list_mailboxes(ref_name, filter_, subscribed, selected)
        named = [
            (name, delimiter, [*attributes, name.encode()] if name in {SENT, JUNK} else attributes)
            for name, delimiter, attributes in found
        ]
        return named, updates


class _Identity(Identity):
    """An account whose sessions are _Session."""

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[Session]:
        async with super().new_session() as session:
            yield _Session(session.owner, session.config, session.mailbox_set, session.filter_set)


class _Login(Login):
    """A sign-in that ends in an _Identity."""

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Identity:
        identity = await super().authorize(authenticated, authzid)
        return _Identity(identity.config, identity.tokens, identity.name, None, identity.roles)
