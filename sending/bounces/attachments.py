"""What is attached to a mail: name, type and size, and on demand its bytes, cut out of the mail as it came. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from sending.bounces import mime
from sending.bounces.charsets import decoded

MOST = 50  # are named
_MAX_NAME = 150
_MAX_VALUE = 4_000
_PIECE = re.compile(r';\s*(filename|name)\*?(\d{0,2})(\*?)\s*=\s*(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)
# Separators of paths, what shells and browsers read into names, and signs that turn the direction of writing.
_UNSAFE = re.compile('[\\\\/:*?"<>|\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_SHOWN = frozenset({"text/plain", "text/html"})
_ENDINGS = {
    "message/rfc822": "mail.eml", "text/calendar": "invitation.ics", "text/rfc822-headers": "headers.txt",
    "message/delivery-status": "report.txt", "application/pdf": "document.pdf", "image/png": "image.png",
    "image/jpeg": "image.jpg", "image/gif": "image.gif",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the text of a mail. number: its place among all parts; size_bytes: as it would be saved."""

    number: int
    name: str
    content_type: str
    size_bytes: int


def attachments_of(raw: bytes) -> tuple[Attachment, ...]:
    """Return what is attached, in order, at most MOST; any bytes are taken."""
    _, leaves = mime.leaves(raw)
    found = (Attachment(at, _name(leaf, at), _type(leaf), _size(raw, leaf)) for at, leaf in _attached(leaves))
    return tuple(one for one, _ in zip(found, range(MOST), strict=False))


def attachment(raw: bytes, number: int) -> tuple[Attachment, bytes] | None:
    """Return an attachment and its bytes, None where no such part is attached."""
    _, leaves = mime.leaves(raw)
    leaf = dict(_attached(leaves)).get(number)
    if leaf is None:
        return None
    content = mime.content_of_leaf(raw, leaf, leaf.end - leaf.start)
    return Attachment(number, _name(leaf, number), _type(leaf), len(content)), content


def _attached(leaves: list[mime.Leaf]) -> list[tuple[int, mime.Leaf]]:
    """Return the parts with their places, without the texts that the mail itself consists of."""
    found = []
    for at, leaf in enumerate(leaves):
        is_named = bool(_told_name(leaf))
        disposition = mime.header(leaf.headers, "content-disposition").lower().lstrip()
        if is_named or disposition.startswith("attachment") or leaf.content_type not in _SHOWN:
            found.append((at, leaf))
    return found


def _type(leaf: mime.Leaf) -> str:
    return leaf.content_type if _TYPE.fullmatch(leaf.content_type) else "application/octet-stream"


def _size(raw: bytes, leaf: mime.Leaf) -> int:
    """Return the size; of base64 it is reckoned and not decoded: a list of mails asks for it."""
    encoding = mime.header(leaf.headers, "content-transfer-encoding").strip().lower()
    length = leaf.end - leaf.start
    if encoding != "base64":
        return length
    signs = length - raw.count(b"\n", leaf.start, leaf.end) - raw.count(b"\r", leaf.start, leaf.end)
    return max(0, signs // 4 * 3 - raw.count(b"=", max(leaf.start, leaf.end - 6), leaf.end))


def _name(leaf: mime.Leaf, at: int) -> str:
    """Return a name that no file system reads more into: the last piece of a path, without signs that mislead."""
    told = re.split(r"[\\/]", _told_name(leaf))[-1]
    name = " ".join(_UNSAFE.sub(" ", told).split()).strip(". ")
    if len(name) > _MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: _MAX_NAME - 11]}.{ending[:10]}" if dot else name[:_MAX_NAME]
    return name or f"{at + 1}-{_ENDINGS.get(leaf.content_type, 'part.bin')}"


def _told_name(leaf: mime.Leaf) -> str:
    """Return the name in the headers: whole, encoded, or in numbered pieces (RFC 2231)."""
    for header, wanted in (("content-disposition", "filename"), ("content-type", "name")):
        pieces: dict[int, tuple[str, bool]] = {}
        for found in _PIECE.finditer(mime.header(leaf.headers, header)[:_MAX_VALUE]):
            if found[1].lower() == wanted:
                is_encoded = "*" in found[0].partition("=")[0][-2:]
                value = found[4] if found[4] is not None else found[5]
                pieces.setdefault(int(found[2] or 0), (value, is_encoded))
        if pieces:
            return _joined([pieces[number] for number in sorted(pieces)])
    return ""


def _joined(pieces: list[tuple[str, bool]]) -> str:
    first, is_encoded = pieces[0]
    charset, quote, rest = first.partition("'")
    if not is_encoded or not quote:
        return "".join(value for value, _ in pieces)
    values = [(rest.partition("'")[2], True), *pieces[1:]]
    content = b"".join(unquote_to_bytes(value) if coded else value.encode() for value, coded in values)
    return mime.clean(decoded(content, charset.lower()))
