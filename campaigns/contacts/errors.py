"""What can go wrong in the contacts room, in words for the person in front of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ContactsError(Exception):
    """Base of every error of this room."""


class BadFile(ContactsError, ValueError):
    """A file that cannot be read as a table of contacts; the text says what it is and what to do."""


class BadMapping(ContactsError, ValueError):
    """A mapping of columns that cannot be used; the text says which and why."""


class BadContact(ContactsError, ValueError):
    """Values that do not make a contact; `field` is the one to mend."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(cause)
        self.field = field
        self.cause = cause


class NameTaken(BadContact):
    """An address or a name that another contact or list has; `field` says which."""


class Overtaken(ContactsError, RuntimeError):
    """Somebody else changed the contact since it was read; theirs stands.

    seen is the fingerprint of theirs. changes: what would have been changed of it, as a history keeps it: field ->
    [as it is, as it was to be].
    """

    def __init__(self, changes: Mapping[str, Sequence[str]], *, seen: str) -> None:
        words = "Somebody else changed this contact after you opened it."
        super().__init__(f"{words} Save again to replace what they saved.")
        self.changes = changes
        self.seen = seen


class FieldInUse(ContactsError):
    """A field that an import under way is bringing values for; the text names its file."""


class NothingToCheck(ContactsError):
    """A list whose addresses no look at the DNS could tell about; the text says why."""


class IllegalMove(ContactsError):
    """An import that is no longer where the caller believed it to be."""

    def __init__(self, import_id: int, wanted: str) -> None:
        super().__init__(f"Import {import_id} can no longer become {wanted}.")
        self.import_id = import_id
        self.wanted = wanted


class MayNotLift(ContactsError, PermissionError):
    """A suppression that this person may not lift, or not without typing the address."""


class NotYours(ContactsError, PermissionError):
    """A note that this person did not write and may not change."""


class MayNotErase(ContactsError, PermissionError):
    """An erasure that this person may not ask for, or has not confirmed."""
