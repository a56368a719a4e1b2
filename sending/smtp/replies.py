"""Read replies strictly, within bounds: what a server says is hostile until parsed (RFC 5321 section 4.2)."""

from __future__ import annotations

import re

from sending.smtp.outcomes import Reply

MAX_LINE = 4096
MAX_LINES = 200
MAX_REPLY = 32_768
# Digits only: int() would take "2_5" and "+25". Some servers forget the space; the digits still decide.
_LINE = re.compile(rb"([2-5][0-9][0-9])(-?)(.*)", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class Malformed(ValueError):  # a judgement on bytes
    """Bytes that are no reply."""


class ReplyParser:
    """Collects lines into replies. feed() takes bytes as they come; take() gives the next whole reply."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[bytes] = []
        self._size = 0
        self._code = b""

    @property
    def unread(self) -> int:
        """How many bytes wait to be taken."""
        return len(self._buffer)

    @property
    def is_empty(self) -> bool:
        """Nothing was received beyond the replies that were taken."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take(self) -> Reply | None:
        """Return the next reply, or None while it is not whole. Raises Malformed."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            if self._is_last(line):
                reply = _reply(int(self._code), self._lines)
                self._lines, self._size, self._code = [], 0, b""
                return reply
        if len(self._buffer) > MAX_LINE:
            raise Malformed("a line without an end")
        return None

    def _is_last(self, line: bytes) -> bool:
        found = _LINE.match(line)
        if found is None or len(line) > MAX_LINE:
            raise Malformed(f"not a reply: {line[:80]!r}")
        code, more, text = found.groups()
        if self._code and code != self._code:
            raise Malformed(f"the code changes within a reply: {self._code!r} and {code!r}")
        self._code = code
        self._lines.append(text)
        self._size += len(line)
        if len(self._lines) > MAX_LINES or self._size > MAX_REPLY:
            raise Malformed("a reply that is too long")
        return not more


def _reply(code: int, lines: list[bytes]) -> Reply:
    texts = [line.decode("utf-8", "replace").strip() for line in lines]
    found = _ENHANCED.match(texts[0])
    enhanced = found[1] if found and int(found[1][0]) == code // 100 else ""
    if enhanced:
        texts = [text.removeprefix(enhanced).strip() for text in texts]
    return Reply(code, enhanced, "\n".join(printable(text) for text in texts))


def printable(text: str) -> str:
    """Return the text with a mark for each sign that no page and no database takes: controls, halves of surrogates."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "�" for sign in text)
