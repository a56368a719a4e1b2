"""The message that came back inside a report: where it begins, what it says of itself; never read as the report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sending.bounces.mail import Mail
from sending.bounces.recipients import addresses_in
from sending.bounces.words import notices

_MOST_SENTENCES = 5  # that name the returned message before the line above it
MAX_TOLD = 8_000  # characters of a report that are read for its reason
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"})
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status", "message/feedback-report"})
_HEADER_BLOCK = re.compile(
    r"^[ \t>]{0,4}(?:Return-Path|Received|X-Received|Delivered-To|DKIM-Signature|DomainKey-Signature"
    r"|MIME-Version|X-Mailer|X-Sender|X-Originating-IP)[ \t]?:[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,20}"
    r"[ \t>]{0,4}[A-Z][A-Za-z-]{1,40}:",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"^[ \t>]{0,4}message-id:\s{0,10}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(
    r"^[ \t>]{0,4}([A-Za-z-]{2,40}):[ \t]{0,20}([^\n]{0,4000}(?:\n[ \t][^\n]{0,1000}){0,20})", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Told:
    """A report in two: what it says, and the beginning of the message that came back ("" where none did)."""

    text: str
    returned: str

    @property
    def message_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_MESSAGE_ID.findall(self.returned[:50_000])))[:10]

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the addresses in these headers (lower case) of the message that came back."""
        found = [value for name, value in _FIELD.findall(self.returned[:20_000]) if name.lower() in names]
        return addresses_in("\n".join(found))


def told_by(mail: Mail) -> Told:
    """Cut a report at the message that came back: a part of its own, or what stands below the line that says so."""
    texts: list[str] = []
    returned = ""
    for part in mail.parts:
        if part.content_type in _RETURNED:
            returned = returned or part.text
            break
        if part.content_type in _REPORTS or part.content_type.startswith("message/"):
            continue
        if part.content_type == "text/plain" and sum(map(len, texts)) < MAX_TOLD * 4:
            texts.append(part.text)
    text = "\n".join(texts) or mail.text
    if returned:
        for later in mail.parts:
            if later.content_type == "text/rfc822-headers" and not _MESSAGE_ID.search(returned):
                returned += "\n" + later.text
    cut = _cut(text)
    return Told(text[:cut][:MAX_TOLD], returned or text[cut : cut + 50_000])


def _cut(text: str) -> int:
    """Return where the returned message begins in the text, its length where it does not."""
    lower = text[: MAX_TOLD * 4].lower()
    marked = min(
        (place for one in notices().originals if one in lower and (place := _line_of(lower, one)) >= 0), default=-1
    )
    found = _HEADER_BLOCK.search(text[: MAX_TOLD * 4])
    if found and not text[: found.start()].strip():
        found = _HEADER_BLOCK.search(text[: MAX_TOLD * 4], found.end())
    places = [place for place in (marked, found.start() if found else -1) if place > 20]
    return min(places) if places else len(text)


def _line_of(text: str, marker: str) -> int:
    """Return where a line stands that begins with the marker, after signs at most: a sentence may name it, too."""
    place = text.find(marker)
    for _ in range(_MOST_SENTENCES):
        if place < 0:
            return -1
        start = text.rfind("\n", 0, place) + 1
        if not any(sign.isalnum() for sign in text[start:place][:200]):
            return start
        place = text.find(marker, place + 1)
    return -1
