"""Build messages without the standard library's slow path; `email` is the checker in the tests.

Output: CRLF lines of at most 998 bytes, ASCII only (encoded words, quoted-printable), unless an address itself needs
UTF-8 headers (RFC 6532). Dots are doubled on the wire, not here.
"""

from __future__ import annotations

import binascii
import quopri
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from sending.smtp.envelope import with_ascii_domain

# C0 and C1 controls, line and paragraph separators; marks that turn the writing direction of what follows them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(" {2,}")
_ATOM_TEXT = re.compile(r"[A-Za-z0-9 !#$%&'*+\-/=?^_`{|}~]+\Z")
_LOOKS_ENCODED = re.compile(r"=\?.*\?=")
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]{1,64}@[^\s\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]{1,253}\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>\Z")
_URI = re.compile(r"(?:mailto:|https?://)[!-;=?-~]{1,900}\Z")
_URI_SAFE = "!#$%&'()*+,/:;=?@[]~"
_EXTRA_NAME = re.compile(r"X-[A-Za-z0-9][A-Za-z0-9-]{0,60}\Z")
_REPLY = re.compile(r"\s*re\s*:\s*", re.IGNORECASE)
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_FOLD_AT = 76
# RFC 2047 section 2: an encoded word has at most 75 characters, its line at most 76; the first shares its line with
# the name of the header. 12 characters are =?utf-8?b??=.
_WORD = 63
_FIRST_WORD = 48
_MAX_NAME = 128
_MAX_SUBJECT = 500
_MAX_REFERENCES = 20


class Unbuildable(ValueError):
    """A message that cannot be written down; the words say which part of it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is written to whom. Texts may hold anything; nothing of it can add a header.

    list_unsubscribe: a mailto: address. unsubscribe_url: https, answers a POST without questions (RFC 8058).
    extra: further headers, their names beginning with X-.
    """

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
    unsubscribe_url: str = ""
    extra: tuple[tuple[str, str], ...] = ()


def build(message: Message) -> bytes:
    """Return the message as bytes, ready for DATA: the same message gives the same bytes each time.

    Raises Unbuildable for what is not ours to mend: a lone surrogate, an address, id or link that is none.
    Control characters in names and subjects become spaces; a name is cut at 128 characters, a subject at 500.
    """
    lines = [
        f"Date: {format_datetime(message.date)}",
        _header("From", _mailbox(message.from_name, message.from_address)),
        _header("To", _mailbox(message.to_name, message.to_address)),
        _header("Subject", _phrase(_one_line(message.subject, _MAX_SUBJECT), quoted=False)),
        f"Message-ID: {_checked(_MESSAGE_ID, message.message_id, 'Message-ID')}",
    ]
    if message.reply_to:
        lines.append(_header("Reply-To", _mailbox("", message.reply_to)))
    lines += _threading(message)
    lines += _unsubscribing(message)
    for name, value in message.extra:
        lines.append(_header(_checked(_EXTRA_NAME, name, "header name"), _phrase(_one_line(value), quoted=False)))
    lines.append("MIME-Version: 1.0")
    return "\r\n".join([*lines, *_body(message)]).encode()


def make_message_id(domain: str, token: str) -> str:
    """Return a Message-ID; token must be unique, domain is the sender's own. Raises Unbuildable."""
    _, _, ascii_domain = with_ascii_domain(f"@{domain}").rpartition("@")
    return _checked(_MESSAGE_ID, f"<{token}@{ascii_domain}>", "Message-ID")


def token_of(message_id: str) -> str:
    """Return the part of our Message-ID that nobody can guess, and whoever has got the message has."""
    return message_id.strip("<>").partition("@")[0]


def opt_out_by_mail(address: str, *, message_id: str = "") -> str:
    """Return the link by which a recipient writes an opt-out to the mailbox (RFC 2369).

    With a Message-ID of ours its local part is named: whoever has got the message has it.
    """
    token = token_of(message_id)
    return f"mailto:{address}?subject=unsubscribe{f'%20{token}' if token else ''}"


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one Re:, never two."""
    return f"Re: {_REPLY.sub('', subject, count=1) if _REPLY.match(subject) else subject}"


def trim_references(ids: Sequence[str]) -> list[str]:
    """Return the thread's ids, its first and its newest kept where there are too many (RFC 5537 section 3.4.4)."""
    return list(ids) if len(ids) <= _MAX_REFERENCES else [ids[0], *ids[-(_MAX_REFERENCES - 1) :]]


def _threading(message: Message) -> list[str]:
    """Ids may come from other people's mails: what is no id is left out, it would only break the thread."""
    lines = []
    if _MESSAGE_ID.match(message.in_reply_to):
        lines.append(f"In-Reply-To: {message.in_reply_to}")
    known = [one for one in message.references if _MESSAGE_ID.match(one)]
    if known:
        lines.append("References: " + "\r\n ".join(known))
    return lines


def _unsubscribing(message: Message) -> list[str]:
    uris = [
        quote(_without_surrogates(uri), safe=_URI_SAFE)
        for uri in (message.unsubscribe_url, message.list_unsubscribe)
        if uri
    ]
    if not uris:
        return []
    # On one line: relays that fold it have broken DKIM signatures.
    lines = ["List-Unsubscribe: " + ", ".join(f"<{_checked(_URI, uri, 'link')}>" for uri in uris)]
    if message.unsubscribe_url.startswith("https://"):
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return lines


def _body(message: Message) -> list[str]:
    plain = _part("text/plain", message.text)
    if message.html is None:
        return plain
    # Derived from the id, so that the same message has the same bytes at each try. "=_" never occurs in the parts:
    # it is no quoted-printable, and a text that holds it is not sent as 7bit.
    key = message.message_id.encode()
    boundary = f"=_{binascii.crc32(key):08x}{binascii.crc32(key[::-1]):08x}"
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
    text = _without_surrogates(content).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if not text.endswith("\n"):
        text += "\n"
    lines = text.split("\n")
    if text.isascii() and "=_" not in text and max(map(len, lines)) <= _FOLD_AT:
        return [f"Content-Type: {kind}; charset=us-ascii", "Content-Transfer-Encoding: 7bit", "", *lines]
    encoded = quopri.encodestring(text.encode()).decode("ascii").split("\n")
    if max(map(len, encoded)) > _FOLD_AT:  # CPython lets a line that ends in a blank grow by what =20 is longer
        encoded = [piece for line in encoded for piece in _fitting(line)]
    return [f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", *encoded]


def _fitting(line: str) -> list[str]:
    return [line] if len(line) <= _FOLD_AT else [f"{line[:-3]}=", line[-3:]]


def _header(name: str, value: str) -> str:
    """Fold at spaces; no word of ours comes near the hard limit of 998."""
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
    address = with_ascii_domain(_checked(_ADDRESS, address, "address"))
    name = _one_line(name, _MAX_NAME)
    return f"{_phrase(name, quoted=True)} <{address}>" if name else address


def _phrase(text: str, *, quoted: bool) -> str:
    longest = max(map(len, text.split(" ")), default=0)
    if text.isascii() and not _LOOKS_ENCODED.search(text) and longest <= _FOLD_AT:
        if not quoted or _ATOM_TEXT.match(text):
            return text
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return " ".join(_encoded_words(text))


def _encoded_words(text: str) -> list[str]:
    """Return RFC 2047 words, none of which splits a character; in the encoding that is shorter, as mail programs do."""
    pieces = [sign.encode() for sign in text]
    raw = b"".join(pieces)
    as_q = sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in raw) <= len(raw) * 4 // 3
    words: list[str] = []
    chunk = b""
    for piece in pieces:
        grown = chunk + piece
        size = len(_q(grown)) if as_q else -(-len(grown) // 3) * 4
        if size > (_WORD if words else _FIRST_WORD):
            words.append(_word(chunk, as_q=as_q))
            grown = piece
        chunk = grown
    return [*words, _word(chunk, as_q=as_q)]


def _word(chunk: bytes, *, as_q: bool) -> str:
    return f"=?utf-8?q?{_q(chunk)}?=" if as_q else f"=?utf-8?b?{binascii.b2a_base64(chunk, newline=False).decode()}?="


def _q(chunk: bytes) -> str:
    return "".join("_" if byte == 32 else chr(byte) if byte in _Q_SAFE else f"={byte:02X}" for byte in chunk)


def _one_line(value: str, limit: int | None = None) -> str:
    text = _without_surrogates(value)
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _TURNING.sub("", _CONTROL.sub(" ", text)))
    return _SPACES.sub(" ", text).strip(" ")[:limit].rstrip(" ")


def _without_surrogates(text: str) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise Unbuildable("A text holds half a character (a lone surrogate); it cannot be sent.")
    return text


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    """Return a value that is ours (id, address, link) and must stand as it is. Raises Unbuildable."""
    if not pattern.match(_without_surrogates(value)):
        raise Unbuildable(f"This is no {what} that a mail can carry: {value[:80]!r}")
    return value
