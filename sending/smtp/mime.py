"""Build messages without the standard library's slow path; `email` is the checker in the tests.

Output: CRLF lines of at most 998 bytes, ASCII only (encoded words, quoted-printable), unless an address itself needs
UTF-8 headers (RFC 6532).
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ATOM_TEXT = re.compile(r"[A-Za-z0-9 !#$%&'*+\-/=?^_`{|}~]+\Z")
_LOOKS_ENCODED = re.compile(r"=\?.*\?=")
_REPLY = re.compile(r"\s*re\s*:\s*", re.IGNORECASE)
_FOLD_AT = 76
# RFC 2047 section 2: an encoded word has at most 75 characters, its line at most 76; the first shares its line with
# the name of the header. 12 characters are =?utf-8?b??=.
_WORD_BYTES = 45
_FIRST_WORD_BYTES = 36
_MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Message:
    """What is written to whom. Texts may hold anything; nothing of it can add a header."""

    from_address: str
    to_address: str
    subject: str
    text: str
    message_id: str
    date: datetime
    from_name: str = ""
    to_name: str = ""
    reply_to: str = ""
    html: str | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    list_unsubscribe: str = ""


def build(message: Message) -> bytes:
    """Return the message as bytes, ready for DATA."""
    lines = [
        f"Date: {format_datetime(message.date)}",
        _header("From", _mailbox(message.from_name, message.from_address)),
        _header("To", _mailbox(message.to_name, message.to_address)),
        _header("Subject", _phrase(message.subject, quoted=False)),
        f"Message-ID: {_plain(message.message_id)}",
    ]
    if message.reply_to:
        lines.append(_header("Reply-To", _mailbox("", message.reply_to)))
    if message.in_reply_to:
        lines.append(f"In-Reply-To: {_plain(message.in_reply_to)}")
    if message.references:
        lines.append("References: " + "\r\n ".join(_plain(one) for one in message.references))
    if message.list_unsubscribe:
        # On one line: relays that fold it have broken DKIM signatures.
        lines.append(f"List-Unsubscribe: <{_plain(message.list_unsubscribe)}>")
    lines.append("MIME-Version: 1.0")
    return "\r\n".join([*lines, *_body(message)]).encode()


def make_message_id(domain: str, token: str) -> str:
    """Return a Message-ID; token must be unique, domain is the sender's own."""
    return f"<{_plain(token)}@{_plain(domain)}>"


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one Re:, never two."""
    return f"Re: {_REPLY.sub('', subject, count=1) if _REPLY.match(subject) else subject}"


def trim_references(ids: Sequence[str]) -> list[str]:
    """Return the thread's ids, its first and its newest kept where there are too many (RFC 5537 section 3.4.4)."""
    return list(ids) if len(ids) <= _MAX_REFERENCES else [ids[0], *ids[-(_MAX_REFERENCES - 1) :]]


def _body(message: Message) -> list[str]:
    plain = _part("text/plain", message.text)
    if message.html is None:
        return plain
    # Derived from the id, so that the same message has the same bytes at each try.
    boundary = (
        f"=_{binascii.crc32(message.message_id.encode()):08x}{binascii.crc32(message.message_id[::-1].encode()):08x}"
    )
    return [
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
        *plain,
        f"--{boundary}",
        *_part("text/html", message.html),
        f"--{boundary}--",
        "",
    ]


def _part(kind: str, content: str) -> list[str]:
    text = content.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if not text.endswith("\n"):
        text += "\n"
    lines = text.split("\n")
    if text.isascii() and max(map(len, lines)) <= _FOLD_AT:
        return [f"Content-Type: {kind}; charset=us-ascii", "Content-Transfer-Encoding: 7bit", "", *lines]
    encoded = quopri.encodestring(text.encode("utf-8", "replace")).decode("ascii")
    return [
        f"Content-Type: {kind}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        *encoded.split("\n"),
    ]


def _header(name: str, value: str) -> str:
    """Fold at spaces; a word that has none is left whole, within the hard limit of 998."""
    line = f"{name}: {value}"
    if len(line) <= _FOLD_AT:
        return line
    lines, current = [], f"{name}:"
    for word in value.split(" "):
        if len(current) + 1 + len(word) > _FOLD_AT and current != f"{name}:":
            lines.append(current)
            current = ""
        current += f" {word}"
    return "\r\n".join([*lines, current])


def _mailbox(name: str, address: str) -> str:
    address = _plain(address)
    name = _one_line(name)
    return f"{_phrase(name, quoted=True)} <{address}>" if name else address


def _phrase(value: str, *, quoted: bool) -> str:
    text = _one_line(value)
    if text.isascii() and not _LOOKS_ENCODED.search(text) and max(map(len, text.split(" ")), default=0) <= _FOLD_AT:
        if not quoted or _ATOM_TEXT.match(text):
            return text
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return " ".join(_encoded_words(text))


def _encoded_words(text: str) -> list[str]:
    words: list[bytes] = []
    chunk = b""
    for sign in text:
        encoded = sign.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > (_WORD_BYTES if words else _FIRST_WORD_BYTES):
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return [f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode()}?=" for word in words]


def _one_line(value: str) -> str:
    return " ".join(_CONTROL.sub(" ", value).split())


def _plain(value: str) -> str:
    """Return a value that is ours (id, address, link) without anything that could end its line."""
    return "".join(_CONTROL.sub("", value).split())
