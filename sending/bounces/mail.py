"""Parse a mail from outside within bounds: any bytes give a Mail, none an exception."""

from __future__ import annotations

import contextlib
import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser

MAX_BYTES = 25 * 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_PARTS = 200
MAX_BOUNDARIES = 2_000
MAX_ADDRESSES = 20_000  # characters of a header that names some
MAX_DEPTH = 20
MAX_TEXT = 1_000_000
MAX_IDS = 100
_ID = re.compile(r"<[^<>\s]{1,500}>")
_BARE_ADDRESS = re.compile(r"[^\s<>()\",;:]{1,64}@[^\s<>()\",;:]{1,255}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the mail: its type and its decoded text (cut at 1 MB); binary parts have none."""

    content_type: str
    text: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as far as we need it; every string is decoded, without control characters, and bounded."""

    headers: tuple[tuple[str, str], ...]  # names in lower case, in order
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    from_name: str
    from_address: str
    to: tuple[str, ...]
    subject: str
    content_type: str
    report_type: str
    parts: tuple[Part, ...]
    text: str
    html: str

    def header(self, name: str) -> str:
        """Return the first header of this name (lower case), "" where there is none."""
        return next((value for key, value in self.headers if key == name), "")


def parse_mail(raw: bytes) -> Mail:
    """Parse any bytes. What exceeds a bound is cut, what cannot be decoded is replaced."""
    head, separator, body = _split(raw[:MAX_BYTES])
    message = _parsed(head[:MAX_HEADER_BYTES] + separator, body)
    headers = tuple((key.lower()[:200], _decoded(str(value))) for key, value in message.items()[:1000])
    first = dict(reversed(headers))
    from_name, from_address = next(iter(_addresses(first.get("from", ""))), ("", ""))
    parts = tuple(_parts(message))
    text = next((part.text for part in parts if part.content_type == "text/plain"), "")
    html = next((part.text for part in parts if part.content_type == "text/html"), "")
    return Mail(
        headers=headers,
        message_id=_first_id(first.get("message-id", "")),
        in_reply_to=_first_id(first.get("in-reply-to", "")),
        references=tuple(_ID.findall(first.get("references", ""))[-MAX_IDS:]),
        from_name=from_name[:200],
        from_address=from_address[:320],
        to=tuple(address for _, address in _addresses(first.get("to", ""))[:50]),
        subject=" ".join(first.get("subject", "").split())[:998],
        content_type=_safe(message.get_content_type()),
        report_type=_parameter(message, "report-type"),
        parts=parts,
        text=text or text_of(html),
        html=html,
    )


def _addresses(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value[:MAX_ADDRESSES]])
    except RecursionError:  # comments within comments by the thousand
        return [("", found[0]) for found in _BARE_ADDRESS.finditer(value[:MAX_ADDRESSES])]


def _parsed(head: bytes, body: bytes) -> Message:
    # Each part costs Python's parser the same, however small it is: a mail of millions would take minutes.
    body = b"\n--".join(body.split(b"\n--", MAX_BOUNDARIES)[:MAX_BOUNDARIES])
    try:
        return email.message_from_bytes(head + body, policy=policy.compat32)
    except RecursionError:
        # Parts within parts by the thousand: whoever nests like this gets their headers read and nothing else.
        return email.message_from_bytes(head, policy=policy.compat32)


def text_of(html: str) -> str:
    """Return the readable text of HTML: no markup, no scripts, breaks where blocks end."""
    reader = _TextReader()
    with contextlib.suppress(AssertionError):  # Python's reader gives up at declarations that are none
        reader.feed(html[:MAX_TEXT])
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _TextReader(HTMLParser):
    _BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table", "ul", "ol"})
    _SILENT = frozenset({"script", "style", "head", "title", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))
        if tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    for separator in (b"\r\n\r\n", b"\n\n"):
        head, found, body = raw.partition(separator)
        if found:
            return head, found, body
    return raw, b"\n\n", b""


def _parts(message: Message) -> Iterator[Part]:
    stack: list[tuple[Message, int]] = [(message, 0)]
    count = 0
    left = MAX_TEXT
    while stack and count < MAX_PARTS:
        part, depth = stack.pop()
        count += 1
        payload = part.get_payload()
        kind = _safe(part.get_content_type())
        if isinstance(payload, list):
            inner = [one for one in payload if isinstance(one, Message)]
            if kind.startswith("message/"):
                # Python parses every message/* part: a report's blocks of fields become "messages" of headers only.
                fields = "\n\n".join(_fields_of(one) for one in inner[:MAX_PARTS])[:left]
                yield Part(kind, _CONTROL.sub("", fields))
            elif depth < MAX_DEPTH:
                stack += [(one, depth + 1) for one in reversed(inner)]
            continue
        text = _text(part)[:left] if kind.startswith(("text/", "message/")) else ""
        left -= len(text)
        yield Part(kind, text, _decoded(str(part.get_filename("") or ""))[:200])


def _fields_of(message: Message) -> str:
    lines = [f"{key}: {_decoded(str(value))}" for key, value in message.items()[:200]]
    rest = message.get_payload()
    return "\n".join([*lines, "", rest[:5_000]] if isinstance(rest, str) and rest.strip() else lines)


def _text(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if not isinstance(content, bytes):
        content = str(part.get_payload()).encode("utf-8", "replace")
    charset = _parameter(part, "charset") or "utf-8"
    try:
        text = content[: MAX_TEXT * 4].decode(charset, "strict")
    except (LookupError, ValueError):
        text = _guess(content[: MAX_TEXT * 4])
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _guess(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _decoded(value: str) -> str:
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" in value:
        with contextlib.suppress(ValueError, LookupError):
            value = "".join(
                piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
                for piece, charset in decode_header(value)
            )
    return _CONTROL.sub("", " ".join(value.split()))[:MAX_HEADER_BYTES]


def _parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name)
    except (ValueError, TypeError, IndexError, AttributeError):
        return ""
    return _safe(str(value[2] if isinstance(value, tuple) else value or ""))


def _safe(value: str) -> str:
    return _CONTROL.sub("", value).strip().lower()[:200]


def _first_id(value: str) -> str:
    found = _ID.search(value)
    return found[0] if found else ""
