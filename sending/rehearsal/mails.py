"""A mail's bytes as a person reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

_SHOWN = 100_000  # characters
_KEPT = 4_000  # characters of the text of a shortened mail
_FIELD = re.compile(rb"\n(?![ \t])")
_SHORTENED = "[Only the headers and the beginning of the text were kept: the rehearsal had more than 200 MB of mails.]"


@dataclass(frozen=True, slots=True)
class Shown:
    """The headers in their order, the text, the HTML ("" where there is none), and the whole source."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    source: str


def shown(raw: bytes) -> Shown:
    """Return what a mail shows; the source is cut at 100,000 characters."""
    mail = message_from_bytes(raw, policy=policy.default)
    return Shown(
        headers=tuple((name, " ".join(str(value).split())) for name, value in mail.items()),
        text=_part(mail, "plain"),
        html=_part(mail, "html"),
        source=raw.decode("utf-8", "replace")[:_SHOWN],
    )


def shortened(raw: bytes) -> bytes:
    """Return a mail with its headers and the beginning of its text alone, and a word that this is so."""
    mail = message_from_bytes(raw, policy=policy.default)
    head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields = [one for one in _FIELD.split(head) if not one.lower().startswith((b"content-", b"mime-version:"))]
    fields += [b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit"]
    text = f"{_part(mail, 'plain')[:_KEPT]}\n\n{_SHORTENED}\n"
    return (b"\n".join(fields) + b"\n\n" + text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")


def _part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    return str(found.get_content())[:_SHOWN] if found is not None and found.get_content_type() == f"text/{kind}" else ""
