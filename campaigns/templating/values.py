"""What stands in for a value that a contact lacks while a message is rendered."""

from __future__ import annotations


class Empty:
    """A lacking value: it may be tested and defaulted, and its name is noted where it would show or decide by size.

    It never raises: all that a contact lacks is known after one rendering.
    """

    __slots__ = ("_name", "_notes")

    def __init__(self, name: str, notes: set[str]) -> None:
        self._name = name
        self._notes = notes

    def __str__(self) -> str:
        self._notes.add(self._name)
        return ""

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Empty) or other == ""

    def __hash__(self) -> int:
        return hash("")

    def _decides(self, _other: object) -> bool:
        self._notes.add(self._name)
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _decides
