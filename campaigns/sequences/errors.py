"""What can go wrong with a campaign, for callers to tell apart."""

from __future__ import annotations


class SequenceError(Exception):
    """Base of the sequences' errors; the text is for the person who asked."""


class IllegalMove(SequenceError, RuntimeError):
    """The move is not allowed from the campaign's state, or somebody else moved it first."""


class BadEdit(SequenceError, ValueError):
    """A value that the campaign cannot take as it stands; field names the form's field, "" the whole form."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(cause)
        self.field = field
        self.cause = cause


class Overtaken(SequenceError, RuntimeError):
    """Somebody else saved the same thing since the page was drawn; theirs stands, and seen is its fingerprint."""

    def __init__(self, what: str, *, seen: str) -> None:
        super().__init__(f"Somebody else saved {what} after you opened it. Save again to replace what they saved.")
        self.seen = seen
