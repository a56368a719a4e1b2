"""Put a mail together, byte by byte where the stdlib would refuse or mangle what real mail contains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP

_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')
_LINE = 76


def mail_bytes(headers: Sequence[tuple[str, str]], body: EmailMessage) -> bytes:
    """Return the mail: these headers, each already in its final form, then the body with its own MIME headers."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("utf-8", "replace") + body.as_bytes(policy=SMTP)


def unstructured(text: str) -> str:
    """Return a text as the value of a header such as Subject (RFC 2047 where it is not plain ASCII)."""
    text = " ".join(text.split())
    if text.isascii() and len(text) <= 900 and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=_LINE).encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """Return `name <address>`; an address that is not ASCII stands as it is (RFC 6532)."""
    if not name:
        return address
    if not name.isascii():
        return f"{unstructured(name)} <{address}>"
    if _SPECIAL.search(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def ids(text: str) -> str:
    """Return message ids one to a line: they are never folded within, nor encoded."""
    return "\r\n ".join(text.split())
