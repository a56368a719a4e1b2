"""What can go wrong with a mailbox, for callers to tell apart."""

from __future__ import annotations

from sending.mailboxes.states import MailboxState


class MailboxError(Exception):
    """Base of the mailboxes' errors."""


class IllegalMove(MailboxError, RuntimeError):
    """The move is not allowed from the mailbox's state, or somebody else moved it first; the words are for people."""

    def __init__(self, mailbox_id: int, new: MailboxState, words: str) -> None:
        super().__init__(words)
        self.mailbox_id = mailbox_id
        self.new = new


class StillGuarded(MailboxError, RuntimeError):
    """A guard stands against it, and who asks may not overrule that, or does not say why; the words are for people."""


class AddressTaken(MailboxError, ValueError):
    """The workspace has a mailbox of this address already."""


class StillNeeded(MailboxError, RuntimeError):
    """The mailbox cannot be removed: it has carried mail, or a campaign names it."""
