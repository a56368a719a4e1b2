"""What the lint finds: a weakness, how grave it is, why it hurts, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding means for a launch."""

    BLOCK = "block"  # must be mended first
    WARN = "warn"  # costs replies or placement
    NOTE = "note"  # worth a look


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness of a wording; `code` is for tests and links, the rest for people."""

    code: str
    severity: Severity
    what: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: the postal address that the law asks for, and what stands under the text of each sender."""

    address: str
    signatures: tuple[str, ...] = ("",)
