"""What can go wrong in the library, for callers to tell apart."""

from __future__ import annotations

from collections.abc import Sequence


class LibraryError(Exception):
    """Base of the library's errors; the text is for the person who asked."""


class BadEntry(LibraryError, ValueError):
    """Values that the library does not take: pairs of a field's name, "" for the whole, and what is wrong."""

    def __init__(self, causes: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(cause for _, cause in causes))
        self.causes = tuple(causes)


class NameTaken(BadEntry):
    """There is a template or snippet of this name."""


class Overtaken(LibraryError, RuntimeError):
    """Somebody else saved the same entry since it was read; theirs stands, and seen is its mark."""

    def __init__(self, *, seen: str) -> None:
        super().__init__("Somebody else saved this after you opened it. Save again to replace what they saved.")
        self.seen = seen
