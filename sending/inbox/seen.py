"""What a reading brought, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """How many mails were looked at, and how many of them were new."""

    mails: int = 0
    new: int = 0

    def __add__(self, other: Seen) -> Seen:
        return Seen(self.mails + other.mails, self.new + other.new)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading brought. is_complete: every folder was read to its end; fills: more of a back-fill is left."""

    taken_in: int = 0
    known: int = 0
    problem: str = ""
    is_complete: bool = False
    fills: bool = False

    @classmethod
    def of(cls, seen: Seen, *, is_complete: bool = False, fills: bool = False) -> Reading:
        return cls(seen.new, seen.mails - seen.new, is_complete=is_complete, fills=fills)
