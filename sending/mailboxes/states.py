"""The states of a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class MailboxState(StrEnum):
    """Whether a mailbox carries mail, and if not, who must do what."""

    UNTESTED = "untested"  # saved; the connection test has not passed yet
    ACTIVE = "active"  # carries mail
    PAUSED = "paused"  # stopped by a person
    NEEDS_SIGN_IN = "needs_sign_in"  # the server refused the password or token; its owner must renew it
    BLOCKED = "blocked"  # stopped by a guard: the provider refuses us or too many addresses failed


MAILBOX_MOVES: Mapping[MailboxState, frozenset[MailboxState]] = {
    MailboxState.UNTESTED: frozenset({MailboxState.ACTIVE, MailboxState.NEEDS_SIGN_IN}),
    MailboxState.ACTIVE: frozenset({MailboxState.PAUSED, MailboxState.NEEDS_SIGN_IN, MailboxState.BLOCKED}),
    MailboxState.PAUSED: frozenset({MailboxState.ACTIVE, MailboxState.NEEDS_SIGN_IN}),
    MailboxState.NEEDS_SIGN_IN: frozenset({MailboxState.ACTIVE, MailboxState.PAUSED}),
    MailboxState.BLOCKED: frozenset({MailboxState.ACTIVE, MailboxState.PAUSED}),
}
