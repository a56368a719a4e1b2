"""Parse a mail from outside within bounds: any bytes give a Mail, none an exception."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

from sending.bounces import mime
from sending.bounces.markup import text_of

MAX_BYTES = 25 * 1024 * 1024
MAX_ADDRESSES = 20_000  # characters of a header that names some
MAX_RETURNED = 50_000  # characters of a returned message: its headers and the beginning of its text
MAX_IDS = 100
_ID = re.compile(r"<[^<>\s]{1,500}>")
_BARE_ADDRESS = re.compile(r"[^\s<>()\",;:]{1,64}@[^\s<>()\",;:]{1,255}")
_COMMENTED_ADDRESS = re.compile(r'([^\s<>()",;:]{1,64}@[^\s<>()",;:]{1,255})(?: \(([^()\\]*)\))?')
_PLAIN_ADDRESS = re.compile(r'(?:"([^"\\]*)" ?|([^"<>(),:;@\\]*))<([^\s<>()",;:]{1,64}@[^\s<>()",;:]{1,255})>')


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the mail: its type and its decoded text (cut at 1 MB); binary parts have none."""

    content_type: str
    text: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as far as we need it; every string is decoded, without control characters, and bounded."""

    headers: mime.Headers  # names in lower case, in order
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
        return mime.header(self.headers, name)


def parse_mail(raw: bytes) -> Mail:
    """Parse any bytes. What exceeds a bound is cut, what cannot be decoded is replaced."""
    raw = raw[:MAX_BYTES]
    headers, leaves = mime.leaves(raw)
    first = dict(reversed(headers))
    from_name, from_address = next(iter(_addresses(first.get("from", ""))), ("", ""))
    parts = tuple(_parts(raw, leaves))
    text = next((part.text for part in parts if part.content_type == "text/plain" and not part.filename), "")
    text = text or next((part.text for part in parts if part.content_type == "text/plain"), "")
    html = next((part.text for part in parts if part.content_type == "text/html"), "")
    return Mail(
        headers=headers,
        message_id=_first_id(first.get("message-id", "")),
        in_reply_to=_first_id(first.get("in-reply-to", "")),
        references=tuple(_ID.findall(first.get("references", ""))[-MAX_IDS:]),
        from_name=from_name[:200],
        from_address=from_address[:320],
        to=tuple(address for _, address in _addresses(first.get("to", ""))[:50]),
        subject=first.get("subject", "")[:998],
        content_type=mime.content_type(headers),
        report_type=mime.parameter(first.get("content-type", ""), "report-type").lower(),
        parts=parts,
        text=text or text_of(html),
        html=html,
    )


def _addresses(value: str) -> list[tuple[str, str]]:
    if found := _PLAIN_ADDRESS.fullmatch(value[:MAX_ADDRESSES]):
        return [((found[1] or found[2] or "").strip(), found[3])]
    if found := _COMMENTED_ADDRESS.fullmatch(value[:MAX_ADDRESSES]):
        return [(found[2] or "", found[1])]
    try:
        return getaddresses([value[:MAX_ADDRESSES]])
    except RecursionError:  # comments within comments by the thousand
        return [("", found[0]) for found in _BARE_ADDRESS.finditer(value[:MAX_ADDRESSES])]


def _parts(raw: bytes, leaves: list[mime.Leaf]) -> list[Part]:
    parts = []
    left = mime.MAX_TEXT
    for leaf in leaves:
        kind = leaf.content_type
        text = ""
        if kind.startswith(("text/", "message/")) and left > 0:
            limit = MAX_RETURNED if kind in {"message/rfc822", "message/global"} else left
            text = mime.text_of_leaf(raw, leaf, min(left, limit))
            left -= len(text)
        parts.append(Part(kind, text, _filename(leaf.headers)))
    return parts


def _filename(headers: mime.Headers) -> str:
    named = mime.parameter(mime.header(headers, "content-disposition"), "filename")
    return named or mime.parameter(mime.header(headers, "content-type"), "name")


def _first_id(value: str) -> str:
    found = _ID.search(value)
    return found[0] if found else ""
