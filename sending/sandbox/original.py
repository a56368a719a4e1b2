"""What a reaction needs to know of the message it reacts to. Pure, and true of any bytes whatever."""

from __future__ import annotations

import contextlib
import email
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

_MOST_BYTES = 1_000_000
_MOST_HEAD_BYTES = 64 * 1024
_MOST_IDS = 30
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,900}>")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Original:
    """The message that is reacted to. Every field is decoded and without line breaks, except text and headers."""

    message_id: str
    references: str
    subject: str
    sender: str
    recipient: str
    text: str
    headers: str  # as they came, lines ended by \n; bytes that are no UTF-8 as surrogate escapes
    sender_name: str = ""
    recipient_name: str = ""
    date: str = ""

    def sent_at(self, otherwise: datetime) -> datetime:
        """Return when the message says it was sent, `otherwise` where it says nothing that is a date."""
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            return parsedate_to_datetime(self.date).astimezone(UTC)
        return otherwise


def read_original(content: bytes, sender: str, recipient: str) -> Original:
    """Return what matters of a message as it came over SMTP. Never raises."""
    head = content.partition(b"\r\n\r\n")[0][:_MOST_HEAD_BYTES]
    try:
        mail = email.message_from_bytes(content[:_MOST_BYTES], policy=policy.compat32)
    except RecursionError:  # parts within parts by the thousand
        mail = email.message_from_bytes(head + b"\r\n\r\n", policy=policy.compat32)
    return Original(
        message_id=" ".join(_ID.findall(str(mail.get("Message-ID", "")))[:1]),
        references=" ".join(_ID.findall(str(mail.get("References", "")))[-_MOST_IDS:]),
        subject=_line(mail.get("Subject", ""))[:900],
        sender=_plain(sender),
        recipient=_plain(recipient),
        text=_text(mail),
        headers=head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", " ") + "\n",
        sender_name=_name_of(sender, mail.get("From", "")),
        recipient_name=_name_of(recipient, mail.get("To", "")),
        date=_line(mail.get("Date", ""))[:100],
    )


def _text(mail: Message) -> str:
    with contextlib.suppress(RecursionError):
        for part in mail.walk():
            if part.get_content_type() == "text/plain" and not part.is_multipart():
                return _decoded(part)
    return ""


def _decoded(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if not isinstance(content, bytes):
        content = str(part.get_payload()).encode("utf-8", "replace")
    try:
        text = content.decode(str(part.get_param("charset") or "utf-8"), "replace")
    except (LookupError, ValueError):
        text = content.decode("utf-8", "replace")
    return "\n".join(_plain(line) for line in text.splitlines())


def _name_of(address: str, header: object) -> str:
    """Return the name that a header gives an address, "" where it gives none."""
    names = {found.lower(): name for name, found in getaddresses([_line(header)])}
    return _plain(names.get(address.lower(), ""))[:120]


def _line(value: object) -> str:
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with contextlib.suppress(ValueError, LookupError):
        text = str(make_header(decode_header(text)))
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)
