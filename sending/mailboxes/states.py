"""The states of a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class MailboxState(StrEnum):
    """Whether a mailbox carries mail, and if not, who must do what."""

    UNTESTED = "untested"  # saved; the connection test has not passed yet
    ACTIVE = "active"  # carries mail
    PAUSED = "paused"  # stopped by a person, and only a person lets it go on
    NEEDS_SIGN_IN = "needs_sign_in"  # the server refused the password or token; its owner must renew it
    BLOCKED = "blocked"  # stopped by a guard: the provider refuses us or too many addresses failed


class SignInKind(StrEnum):
    """With what a mailbox signs in to its servers."""

    PASSWORD = "password"  # noqa: S105  # the mailbox's own, or an app password
    GOOGLE = "google"  # a token that Google gives for the account
    MICROSOFT = "microsoft"  # a token that Microsoft gives for the account


MAILBOX_MOVES: Mapping[MailboxState, frozenset[MailboxState]] = {
    MailboxState.UNTESTED: frozenset({MailboxState.ACTIVE}),
    MailboxState.ACTIVE: frozenset({MailboxState.PAUSED, MailboxState.NEEDS_SIGN_IN, MailboxState.BLOCKED}),
    # Not to NEEDS_SIGN_IN: a passed test leads from there to ACTIVE, and nobody would have ended the pause.
    MailboxState.PAUSED: frozenset({MailboxState.ACTIVE}),
    MailboxState.NEEDS_SIGN_IN: frozenset({MailboxState.ACTIVE, MailboxState.PAUSED}),
    MailboxState.BLOCKED: frozenset({MailboxState.ACTIVE, MailboxState.PAUSED}),
}
# From where a passed test leads to ACTIVE, and from where a person does.
BY_TEST = frozenset({MailboxState.UNTESTED, MailboxState.NEEDS_SIGN_IN})
BY_PERSON = frozenset({MailboxState.PAUSED, MailboxState.BLOCKED})

# What holds a mailbox in this state, and the way out, for people.
MEANINGS: Mapping[MailboxState, str] = {
    MailboxState.UNTESTED: "The mailbox has not passed its connection test yet",
    MailboxState.ACTIVE: "The mailbox is active",
    MailboxState.PAUSED: "The mailbox is paused",
    MailboxState.NEEDS_SIGN_IN: "The mailbox needs a new sign-in",
    MailboxState.BLOCKED: "The mailbox is blocked",
}
WAYS_OUT: Mapping[MailboxState, str] = {
    MailboxState.UNTESTED: "Mend what the test found, then press “Test now”. Nothing is sent before it has passed.",
    MailboxState.ACTIVE: "",
    MailboxState.PAUSED: "Press “Resume” when it shall send again.",
    MailboxState.NEEDS_SIGN_IN: "Type the password again under “Edit”. It sends again as soon as the test has passed.",
    MailboxState.BLOCKED: "Read what the server said and mend its cause, then press “Resume”.",
}


def way_out(state: MailboxState, kind: SignInKind) -> str:
    """Return what lets a mailbox send again, "" for one that does."""
    if kind is not SignInKind.PASSWORD and state is MailboxState.NEEDS_SIGN_IN:
        return "Sign in below. It sends again as soon as the test has passed."
    if kind is not SignInKind.PASSWORD and state is MailboxState.UNTESTED:
        return "Sign in below, then press “Test now”. Nothing is sent before the test has passed."
    return WAYS_OUT[state]
