"""Read mailboxes: a thin, typed and bounded client over IMAPClient. Opens sockets; knows no tables and no Django."""

from sending.imap.account import Account, ImapError, Misbehaved, SignInRefused, Unreachable, explain
from sending.imap.reader import Folder, FolderState, RawMail, Reader, open_mailbox

__all__ = [
    "Account", "Folder", "FolderState", "ImapError", "Misbehaved", "RawMail", "Reader", "SignInRefused", "Unreachable",
    "explain", "open_mailbox",
]  # fmt: skip
