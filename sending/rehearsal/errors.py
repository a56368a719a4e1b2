"""What can go wrong with a rehearsal."""

from __future__ import annotations


class RehearsalError(Exception):
    """A fault of the room of rehearsals."""


class Forbidden(RehearsalError, PermissionError):
    """Something behind the curtain wanted to reach the world."""


class TookTooLong(RehearsalError):
    """The process of a rehearsal did not end in time."""


class NotPossible(RehearsalError, ValueError):
    """A rehearsal that cannot be played; the words are for the person who asked for it."""
