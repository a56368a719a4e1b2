"""The shapes that mail programs give an answer: where the quoted message stands, what leads to it, which headers."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from sending.sandbox.original import Original

_MOST_LINES = 60
_RULE = "_" * 32


@dataclass(frozen=True, slots=True)
class Program:
    """A mail program. quote(original, when it was sent) gives what it puts below an answer."""

    name: str
    prefix: str
    headers: tuple[tuple[str, str], ...]
    quote: Callable[[Original, datetime], str]
    is_html: bool = False
    trailer: str = ""


def body_of(words: str, original: Original, at: datetime, program: Program) -> EmailMessage:
    """Return the body of an answer: the words of a person above our message as this program quotes it."""
    body = EmailMessage()
    written = f"{words}\n{program.trailer}" if program.trailer else words
    quoted = program.quote(original, original.sent_at(at)) if original.text.strip() else ""
    body.set_content(f"{written}\n\n{quoted}\n" if quoted else f"{written}\n")
    if program.is_html:
        body.add_alternative(_html(written, quoted), subtype="html")
        # The stdlib draws a boundary at random; here the same message always gets the same answer.
        seed = f"{original.message_id} {original.recipient}".encode("utf-8", "replace")
        body.set_boundary(hashlib.sha256(seed).hexdigest()[:32])
    return body


def subject_of(original: Original, program: Program) -> str:
    """Return the subject of an answer: a mark is not set twice."""
    subject = original.subject
    return subject if subject.lower().startswith(("re:", "aw:")) else f"{program.prefix}{subject}"


def _webmail(original: Original, sent_at: datetime) -> str:
    who = f"{original.sender_name} <{original.sender}>".strip()
    return f"On {sent_at:%a, %b %-d, %Y at %-I:%M %p} {who} wrote:\n\n{_marked(original)}"


def _office(original: Original, sent_at: datetime) -> str:
    return (
        f"{_RULE}\nFrom: {_who(original.sender_name, original.sender)}\nSent: {sent_at:%A, %-d %B %Y %H:%M}\n"
        f"To: {_who(original.recipient_name, original.recipient)}\nSubject: {original.subject}\n\n"
        + "\n".join(_lines(original))
    )


def _phone(original: Original, sent_at: datetime) -> str:
    who = _who(original.sender_name, original.sender)
    return f"> On {sent_at:%-d %b %Y}, at {sent_at:%H:%M}, {who} wrote:\n> \n{_marked(original)}"


def _german(original: Original, sent_at: datetime) -> str:
    who = original.sender_name or original.sender
    return f"Am {sent_at:%d.%m.%y} um {sent_at:%H:%M} schrieb {who}:\n{_marked(original)}"


def _terminal(original: Original, sent_at: datetime) -> str:
    return f"On {sent_at:%a, %d %b %Y} at {sent_at:%H:%M}, {original.sender} wrote:\n{_marked(original)}"


def _who(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def _lines(original: Original) -> list[str]:
    return original.text.strip().splitlines()[:_MOST_LINES]


def _marked(original: Original) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _lines(original))


def _html(words: str, quoted: str) -> str:
    def lines(text: str) -> str:
        return html.escape(text).replace("\n", "<br>\n")

    bare = re.sub(r"^> ?", "", quoted, flags=re.MULTILINE)  # the markup says that it is quoted
    below = f'<blockquote class="gmail_quote">{lines(bare)}</blockquote>' if quoted else ""
    return f'<div dir="ltr">{lines(words)}</div><br>\n{below}\n'


PROGRAMS = (
    Program("webmail", "Re: ", (), _webmail, is_html=True),
    Program("office", "RE: ", (("X-MS-Has-Attach", ""), ("Accept-Language", "en-US")), _office, is_html=True),
    Program("phone", "Re: ", (("X-Mailer", "iPhone Mail (23B85)"),), _phone, trailer="\nSent from my iPhone"),
    Program("german", "Re: ", (("User-Agent", "Mozilla Thunderbird"), ("Content-Language", "de-DE")), _german),
    Program("terminal", "Re: ", (("User-Agent", "Mutt/2.2.12"),), _terminal),
)
