"""What a hit is, and what it is taken for."""

from __future__ import annotations

from enum import StrEnum


class HitKind(StrEnum):
    """What was asked for."""

    CLICK = "click"
    OPEN = "open"
    TRAP = "trap"  # the link that no person sees


class Judgement(StrEnum):
    """Who it was."""

    PENDING = ""  # its burst may not be over
    PERSON = "person"
    MACHINE = "machine"
    UNKNOWN = "unknown"
