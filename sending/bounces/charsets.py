"""Make text of bytes whose charset is named, misnamed or not named at all. Never raises, bounded."""

from __future__ import annotations

import contextlib
import re

from charset_normalizer import from_bytes

_SAMPLE = 4_096  # bytes without a charset that are looked at, where they are not UTF-8
_LEAST = 24  # of fewer nothing is told
# Python codecs that are no charsets of a mail, and cost much or run away on hostile input.
_NO_CHARSETS = frozenset(
    ["punycode", "idna", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape", "undefined"]
)
# What programs write, and what they mean: the larger charset that they do send, or the name that Python knows.
_MEANT = {
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "", "ascii": "",
    "ansi_x3.4-1968": "", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "gb2312": "gb18030", "gbk": "gb18030",
    "gb_2312-80": "gb18030", "x-gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932",
    "x-sjis": "cp932", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8", "utf-8mb4": "utf-8", "unicode": "utf-16", "x-unknown": "", "unknown-8bit": "",
    "x-user-defined": "",
    "default": "", "8bit": "",
    "x-mac-roman": "mac-roman", "macintosh": "mac-roman",
}  # fmt: skip
# Where a text is not UTF-8 and names nothing, one of these is meant; Python has no other guess as likely.
_GUESSED = ["cp1252", "cp1250", "cp1251", "koi8-r", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1253", "cp1254"]
_META = re.compile(rb"<meta[^>]{1,200}?charset=[\"']?([\w-]{2,40})", re.IGNORECASE)


def decoded(content: bytes, named: str, *, is_markup: bool = False) -> str:
    """Return the text. named: the charset of its header in lower case, "" for none.

    What is UTF-8 is read as such, whatever single-byte charset is named: text in one of those is hardly ever UTF-8 by
    accident, and programs that pass mail on name the wrong one often.
    """
    charset = _MEANT.get(named, named)
    if not charset and is_markup and (found := _META.search(content[:2_000])):
        charset = found[1].decode("ascii").lower()
        charset = _MEANT.get(charset, charset)
    if b"\x1b$" in content and charset in {"", "utf-8"}:
        return content.decode("iso2022_jp", "replace")
    if not charset or charset == "utf-8" or charset.startswith(("cp125", "iso-8859", "windows-125")):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode("utf-8")
    if charset and charset != "utf-8" and charset not in _NO_CHARSETS:
        with contextlib.suppress(LookupError, ValueError):
            return content.decode(charset)
        with contextlib.suppress(LookupError, ValueError):
            if _is_mostly_right(text := content.decode(charset, "replace")):
                return text
    if charset == "utf-8" and _is_mostly_right(text := content.decode("utf-8", "replace")):
        return text  # cut in the middle of a sign, or broken in few places
    return _guessed(content)


def _is_mostly_right(text: str) -> bool:
    return text.count("\ufffd") * 50 <= len(text)


def _guessed(content: bytes) -> str:
    sample = content[:_SAMPLE]
    best = from_bytes(sample, cp_isolation=_GUESSED, enable_fallback=False).best() if len(sample) >= _LEAST else None
    return content.decode(best.encoding if best else "cp1252", "replace")
