"""Places in a list as they stand in an address: a few values as JSON in base64url, and hostile until they are read."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any


def written(*values: object) -> str:
    """Return the text of some values."""
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read(text: str, *, count: int, longest: int = 500) -> Sequence[Any] | None:
    """Return so many values, of whatever types, of a text; None for anything else."""
    if not text or len(text) > longest:
        return None
    try:
        values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return values if isinstance(values, list) and len(values) == count else None


def is_id(value: object) -> bool:
    """Say whether a value may be the id of a row."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
