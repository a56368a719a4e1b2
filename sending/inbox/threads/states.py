"""Where a conversation stands, and the scopes in which it is listed."""

from __future__ import annotations

from enum import StrEnum


class ThreadState(StrEnum):
    """What a team has decided about a conversation."""

    OPEN = "open"  # somebody may have to do something
    SNOOZED = "snoozed"  # comes back at snoozed_until, or with the next mail of a person
    DONE = "done"  # put away; comes back with the next mail of a person


class Scope(StrEnum):
    """A list of conversations, in the order of the left column."""

    ALL = "all"  # open ones in which a person wrote
    UNREAD = "unread"
    AWAITING = "awaiting"  # the newest mail is theirs, and nobody has answered
    MINE = "mine"  # assigned to whoever asks
    SNOOZED = "snoozed"
    DONE = "done"
    MACHINES = "machines"  # nobody wrote in them: bounces, absences, reports


SCOPE_WORDS = {
    Scope.ALL: "All",
    Scope.UNREAD: "Unread",
    Scope.AWAITING: "Awaiting answer",
    Scope.MINE: "Mine",
    Scope.SNOOZED: "Snoozed",
    Scope.DONE: "Done",
    Scope.MACHINES: "Machines",
}
