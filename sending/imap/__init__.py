"""Read mailboxes, over IMAP or POP3: thin, typed and bounded. Opens sockets; knows no tables and no Django."""

from sending.imap.account import Account, ImapError, Misbehaved, Protocol, SignInRefused, Stage, Unreachable
from sending.imap.explain import explain
from sending.imap.pop3 import Item, Maildrop, open_maildrop
from sending.imap.reader import Folder, FolderState, RawMail, Reader, open_mailbox

__all__ = [
    "Account",
    "Folder",
    "FolderState",
    "ImapError",
    "Item",
    "Maildrop",
    "Misbehaved",
    "Protocol",
    "RawMail",
    "Reader",
    "SignInRefused",
    "Stage",
    "Unreachable",
    "explain",
    "open_mailbox",
    "open_maildrop",
]  # fmt: skip
