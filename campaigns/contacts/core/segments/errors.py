"""What can be wrong with a condition, in words, and where."""

from __future__ import annotations

from campaigns.contacts.errors import ContactsError


class BadQuery(ContactsError, ValueError):
    """A text that says no condition; `place` is the character at which that shows, from 1 (0: the whole)."""

    def __init__(self, cause: str, place: int = 0) -> None:
        super().__init__(f"At character {place}: {cause}" if place else cause)
        self.cause = cause
        self.place = place
