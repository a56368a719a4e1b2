"""A mail's bytes as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

_SHOWN = 100_000  # characters


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


def _part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    return str(found.get_content())[:_SHOWN] if found is not None and found.get_content_type() == f"text/{kind}" else ""
