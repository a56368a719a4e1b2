"""Mailboxes of a running sandbox that no other test uses, and a way to put mails into them."""

from __future__ import annotations

import itertools
import mailbox as maildir
import os
from datetime import datetime
from pathlib import Path

from outreach.accounts.models import Workspace
from sending.imap import Folder, open_mailbox
from sending.inbox.models import MailboxSync
from sending.mailboxes.connections import reading_account
from sending.mailboxes.models import Credential, Mailbox
from sending.sandbox.world import SandboxWorld
from tests.builders import make_sandbox_mailbox
from tests.sending.inbox.scene import Scene, make_scene

ACCOUNTS = {f"box{number}@acme.example": f"secret-{number}" for number in range(300)}
_free = itertools.count()


def make_box(world: SandboxWorld, workspace: Workspace) -> Mailbox:
    mailbox = make_sandbox_mailbox(workspace, world.info, f"box{next(_free)}@acme.example")
    MailboxSync.objects.create(mailbox=mailbox)
    return mailbox


def make_read_scene(world: SandboxWorld) -> Scene:
    """Make a scene whose mailbox is one of the sandbox."""
    return make_scene(box=lambda workspace: make_box(world, workspace))


def put(world: SandboxWorld, mailbox: Mailbox, content: bytes, *, leaf: str = "", at: datetime | None = None) -> None:
    """Deliver a mail into the inbox of an account, or into a folder of it."""
    box = maildir.Maildir(folder_of(world, mailbox))
    target = box.get_folder(leaf) if leaf else box
    key = target.add(content)
    if at is not None:
        path = next(Path(target._path).glob(f"*/{key}*"))
        os.utime(path, (at.timestamp(), at.timestamp()))


def put_in_order(world: SandboxWorld, mailbox: Mailbox, *contents: bytes) -> None:
    """Deliver mails whose UIDs follow this order: the server numbers what it finds whenever somebody looks."""
    for content in contents:
        put(world, mailbox, content)
        with open_mailbox(reading_account(Credential.objects.get(mailbox=mailbox))) as reader:
            reader.state(Folder("INBOX", "inbox"))


def renumber(world: SandboxWorld, mailbox: Mailbox) -> None:
    """Let the server forget all its UIDs: it begins anew with another UIDVALIDITY."""
    (folder_of(world, mailbox) / "dovecot-uidlist").unlink()


def folder_of(world: SandboxWorld, mailbox: Mailbox) -> Path:
    return world.folder / "mail" / mailbox.address
