"""The sandbox's IMAP server: pymap over Maildirs, into which mails are delivered as any mail server does."""

from __future__ import annotations

import mailbox
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from pymap.backend.maildir import MaildirBackend
from pymap.imap import IMAPService
from pysasl.hashing import BuiltinHash

from sending.sandbox.authority import Certificate

# The passwords of the sandbox protect nothing; a real number of rounds would only slow each sign-in down.
_ROUNDS = 1_000


def write_accounts(folder: Path, accounts: Mapping[str, str]) -> None:
    """Write the account files that pymap reads (address -> password)."""
    hashing = BuiltinHash(hash_name="sha256", rounds=_ROUNDS)
    folder.mkdir(parents=True, exist_ok=True)
    users = "".join(f"{name}:x:1000:1000::{name}:\n" for name in accounts)
    passwords = "".join(f"{name}:{hashing.hash(password)}:::::::\n" for name, password in accounts.items())
    (folder / "pymap-etc-passwd").write_text(users)
    (folder / "pymap-etc-shadow").write_text(passwords)
    for name in accounts:
        box = mailbox.Maildir(folder / name, create=True)
        for leaf in ("Sent", "Junk"):
            if leaf not in box.list_folders():
                box.add_folder(leaf)


def deliver(folder: Path, account: str, content: bytes, *, leaf: str = "") -> None:
    """Put a mail into an account's inbox, or into one of its folders."""
    box = mailbox.Maildir(folder / account, create=True)
    (box.get_folder(leaf) if leaf else box).add(content)


async def serve_imap(stack: AsyncExitStack, folder: Path, host: str, port: int, cert: Certificate) -> None:
    """Serve IMAP with STARTTLS until the stack is closed."""
    parser = ArgumentParser()
    MaildirBackend.add_subparser("maildir", parser.add_subparsers(dest="backend"))
    IMAPService.add_arguments(parser)
    args = parser.parse_args(
        [
            "--host",
            host,
            "--port",
            str(port),
            "--cert",
            str(cert.cert),
            "--key",
            str(cert.key),
            "maildir",
            str(folder),
        ]
    )
    args.debug, args.skip_services, args.passlib_cfg = False, [], None
    backend, config = await MaildirBackend.init(args)
    config.apply_context()
    await backend.start(stack)
    await IMAPService(backend, config).start(stack)
