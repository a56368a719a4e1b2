"""What can go wrong with a mailbox, for callers to tell apart."""

from __future__ import annotations


class MailboxError(Exception):
    """Base of the mailboxes' errors."""


class IllegalMove(MailboxError, RuntimeError):
    """The move is not allowed from the mailbox's state, or somebody else moved it first."""


class AddressTaken(MailboxError, ValueError):
    """The workspace has a mailbox of this address already."""
