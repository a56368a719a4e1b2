"""Read mailboxes: a thin, typed and bounded client over IMAPClient. Opens sockets; knows no tables and no Django."""

from sending.imap.account import Account, ImapError, Misbehaved, SignInRefused, Stage, Unreachable
from sending.imap.explain import explain
from sending.imap.reader import Folder, FolderState, RawMail, Reader, open_mailbox

__all__ = [
    "Account", "Folder", "FolderState", "ImapError", "Misbehaved", "RawMail", "Reader", "SignInRefused", "Stage",
    "Unreachable", "explain", "open_mailbox",
]  # fmt: skip
