"""Names as people give them, without the marks that turn the direction of whatever follows them."""

from __future__ import annotations

import re
from typing import Any

from django import forms

# Embeddings, overrides and isolates (UAX 9, 2.1 to 2.4). Letters that are written from right to left need none of them.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]+")


def unturned(text: str) -> str:
    """Return the text without marks that turn the direction of writing, trimmed."""
    return _TURNING.sub("", text).strip()


class NameField(forms.CharField):
    """A name that turns nothing beside it, on no page and in no header."""

    def to_python(self, value: Any) -> str:
        return unturned(str(super().to_python(value)))
