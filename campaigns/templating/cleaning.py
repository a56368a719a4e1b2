"""Make values safe at the edge: what may stand in a header, and what may stand in a text.

CPython's email package refuses line breaks in headers, yet lets NUL pass and fails on lone surrogates; RFC 5322
section 2.1.1 bounds the line. So headers only ever get what comes out of here.
"""

from __future__ import annotations

import re
import unicodedata

# Controls that make one read another order than is written. Marks (LRM, RLM, ALM) only steer the signs beside them:
# Arabic and Hebrew texts need them, a header does not.
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
_BIDI_MARKS = "\u061c\u200e\u200f"
_BREAKS_IN_HEADER = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
_NOT_IN_HEADER = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}{_BIDI_MARKS}]+")
_BREAKS_IN_TEXT = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_NOT_IN_TEXT = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}]+")


def clean_header(value: str, *, limit: int) -> str:
    """Return the value as one line that may stand in a header: NFC, no controls, at most `limit` characters."""
    line = _NOT_IN_HEADER.sub("", _BREAKS_IN_HEADER.sub(" ", value))
    return " ".join(unicodedata.normalize("NFC", line).split())[:limit].rstrip()


def clean_text(value: str) -> str:
    """Return the value with LF line ends, in NFC, without controls that no letter needs."""
    if value.isascii() and value.isprintable():  # most values
        return value
    return unicodedata.normalize("NFC", _NOT_IN_TEXT.sub("", _BREAKS_IN_TEXT.sub("\n", value)))
