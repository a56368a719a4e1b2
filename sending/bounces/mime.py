"""Cut a mail into its headers and leaves by hand, within bounds: the standard library's parser costs ten times more.

Offsets into one block of bytes, no copies: each level of nesting searches its own stretch once.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

from sending.bounces.charsets import decoded

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 1_000
MAX_PARTS = 200
MAX_DEPTH = 20
MAX_TEXT = 1_000_000  # characters of all parts together
_MAX_PARAMETERS = 2_000  # characters of a header that are searched for its parameters
_HEADER = re.compile(r"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r';\s*([\w-]{1,60})\*?(?:0\*?)?\s*=\s*(?:"([^"]*)"|([^;\s"]*))')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BOUNDARY_LINE = re.compile(rb"^--([\w'()+,./:=?-]{8,70})\r?\n[Cc]ontent-", re.MULTILINE)
_SPACE = re.compile(r"\s+")
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that has no parts: its headers and where its bytes stand."""

    headers: Headers
    content_type: str
    start: int
    end: int


def leaves(raw: bytes) -> tuple[Headers, list[Leaf]]:
    """Return the headers of the mail and its leaves in order; a message inside the mail is a leaf, never entered."""
    headers, body = _head(raw, 0, len(raw))
    found: list[Leaf] = []
    stack = [(headers, body, len(raw), 0, "text/plain")]
    seen = 0
    while stack and seen < MAX_PARTS:
        seen += 1
        own, start, end, depth, usual = stack.pop()
        kind = content_type(own, usual)
        boundary = parameter(header(own, "content-type"), "boundary") if kind.startswith("multipart/") else ""
        if not boundary:
            found.append(Leaf(own, "text/plain" if kind.startswith("multipart/") else kind, start, end))
            continue
        if depth >= MAX_DEPTH:
            continue
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        spans = list(_spans(raw, boundary, start, end)) or list(_spans(raw, _seen_boundary(raw, start), start, end))
        if not spans:  # its boundary is nowhere: what it holds is read as text
            found.append(Leaf(own, "text/plain", start, end))
        stack += reversed([(*_head(raw, *span), span[1], depth + 1, inner) for span in spans])
    return headers, found


def header(headers: Headers, name: str) -> str:
    """Return the first header of this name (lower case), "" where there is none."""
    for key, value in headers:
        if key == name:
            return value
    return ""


def content_type(headers: Headers, usual: str = "text/plain") -> str:
    """Return the type in lower case; what is none counts as the usual one (RFC 2045 section 5.2)."""
    value = header(headers, "content-type").partition(";")[0].lower()[:200].split()
    return value[0] if value and value[0].count("/") == 1 else usual


def parameter(value: str, name: str) -> str:
    """Return a parameter of a header as it stands there, "" where there is none."""
    for found in _PARAMETER.finditer(value[:_MAX_PARAMETERS]):
        if found[1].lower() == name:
            return (found[2] if found[2] is not None else found[3]).strip()[:200]
    return ""


def text_of_leaf(raw: bytes, leaf: Leaf, limit: int) -> str:
    """Return the decoded text of a leaf, at most limit characters, without control characters."""
    content = content_of_leaf(raw, leaf, limit * 4)
    named = parameter(header(leaf.headers, "content-type"), "charset").lower()
    text = decoded(content, named, is_markup=leaf.content_type == "text/html")
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))[:limit]


def content_of_leaf(raw: bytes, leaf: Leaf, most: int) -> bytes:
    """Return the bytes that a leaf holds, of its first `most` encoded ones."""
    content = raw[leaf.start : min(leaf.end, leaf.start + most)]
    encoding = header(leaf.headers, "content-transfer-encoding").strip().lower()
    if encoding == "base64":
        return _base64(content)
    return binascii.a2b_qp(content) if encoding == "quoted-printable" else content


def clean(text: str) -> str:
    """Return the text without what no database takes."""
    return text if text.isprintable() else _CONTROL.sub("", text)


def _head(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """Return the headers at start, and where the body begins. The first line that is no header ends them."""
    if raw[start : start + 1] == b"\n":
        return (), start + 1
    if raw[start : start + 2] == b"\r\n":
        return (), start + 2
    stop, body = _blank_line(raw, start, end)
    block = raw[start : min(stop, start + MAX_HEADER_BYTES)].decode("utf-8", "replace")
    headers: list[tuple[str, list[str]]] = []
    for place, line in enumerate(block.split("\n")):
        if line[:1] in {" ", "\t"} and headers:
            headers[-1][1].append(line)
        elif found := _HEADER.match(line):
            headers.append((found[1].lower(), [found[2]]))
            if len(headers) > MAX_HEADERS:
                break
        elif not (place == 0 and line.startswith(("From ", ">From "))) and not headers:
            body = start  # no header at all: everything is the body
            break
    return tuple((key, _decoded("".join(lines))) for key, lines in headers[:MAX_HEADERS]), body


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the headers end and the body begins."""
    plain, crlf = raw.find(b"\n\n", start, end), raw.find(b"\n\r\n", start, end)
    if crlf >= 0 and (plain < 0 or crlf < plain):
        return crlf, crlf + 3
    return (plain, plain + 2) if plain >= 0 else (end, end)


def _spans(raw: bytes, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the parts between the boundaries stand; the last one may lack its end."""
    if not boundary:
        return
    mark = b"--" + boundary.encode("utf-8", "replace")
    at = start if raw.startswith(mark, start) else _next(raw, mark, start, end)
    count = 0
    while at >= 0 and count < MAX_PARTS:
        line_end = raw.find(b"\n", at + len(mark), end)
        if line_end < 0 or raw.startswith(b"--", at + len(mark)):
            return
        after = _next(raw, mark, line_end, end)
        stop = end if after < 0 else after - 1
        yield line_end + 1, max(line_end + 1, stop - (raw[stop - 1 : stop] == b"\r"))
        at, count = after, count + 1


def _seen_boundary(raw: bytes, start: int) -> str:
    """Return the boundary that the beginning of a body shows where its header names another, "" where it shows none."""
    found = _BOUNDARY_LINE.search(raw, start, start + 2_000)
    return found[1].decode("ascii") if found else ""


def _next(raw: bytes, mark: bytes, start: int, end: int) -> int:
    found = raw.find(b"\n" + mark, start, end)
    while found >= 0 and raw[found + 1 + len(mark) : found + 2 + len(mark)] not in b"\r\n \t-":
        found = raw.find(b"\n" + mark, found + 1, end)  # a longer boundary that begins like ours
    return found + 1 if found >= 0 else -1


def _base64(content: bytes) -> bytes:
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        plain = _NO_BASE64.sub(b"", content)
        return binascii.a2b_base64(plain[: len(plain) // 4 * 4])


def _decoded(value: str) -> str:
    if "=?" in value:
        value = _SPACE.sub(" ", value)
        with contextlib.suppress(ValueError, LookupError, HeaderParseError):
            value = "".join(
                piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
                for piece, charset in decode_header(value)
            )
    return clean(" ".join(value.split()))
