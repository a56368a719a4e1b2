"""Make values safe at the edge: what may stand in a header, what may stand in a text (reliability of header slots)."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, line and paragraph separators, surrogates, and the bidi controls that can reorder what one reads.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NOT_IN_HEADER = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_BIDI}]+")
_NOT_IN_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_BIDI}]+")
_BREAKS = re.compile("\r\n|\r|\x0b|\x0c|\x85|\u2028|\u2029")


def clean_header(value: str, *, limit: int) -> str:
    """Return the value as one line that may stand in a header: NFC, no controls, at most `limit` characters."""
    return " ".join(unicodedata.normalize("NFC", _NOT_IN_HEADER.sub(" ", value)).split())[:limit]


def clean_text(value: str) -> str:
    """Return the value with LF line ends and without controls that no letter needs."""
    return unicodedata.normalize("NFC", _NOT_IN_TEXT.sub("", _BREAKS.sub("\n", value)))
