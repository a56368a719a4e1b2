"""Ids of rows as they stand in addresses and forms: whoever writes there chooses every character."""

from __future__ import annotations

_LONGEST = 18  # digits: what fits into a bigint, whatever they are


def row_id(text: str) -> int:
    """Return the id that a text names; 0, which is nobody's, for anything else."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= _LONGEST else 0
