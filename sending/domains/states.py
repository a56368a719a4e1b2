"""The states of a signing key. Nothing is signed before the world can verify it."""

from __future__ import annotations

from enum import StrEnum


class KeyState(StrEnum):
    """Where a signing key stands. What the DNS says decides; a person only makes and removes keys."""

    UNPUBLISHED = "unpublished"  # its record was never found: nothing is signed
    SIGNING = "signing"  # its record is there: each message of the domain is signed
    MISSING = "missing"  # its record was there and is gone, or is another one: nothing is signed
