"""“Did you mean …?”: the nearest name, at a bounded price."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST = 64


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return "Did you mean first_name?" for the nearest known name, or "". Case, spaces and dashes do not count."""
    if len(name) > _LONGEST:
        return ""
    plain = _plain(name)
    # Only names of about the same length can be near, and comparing texts is what costs.
    near = {_plain(one): one for one in sorted(known) if abs(len(one) - len(name)) <= max(3, len(name) // 3)}
    found = [plain] if plain in near else difflib.get_close_matches(plain, near, n=1, cutoff=0.6)
    return f"Did you mean {near[found[0]]}?" if found else ""


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
