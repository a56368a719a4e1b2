"""What one message needs of a server: its commands, its bytes on the wire, or why it cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import idna

from sending.smtp.outcomes import Phase, Reply

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>\ud800-\udfff]")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")  # RFC 3461 section 4
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 section 3
_MAX_ENVELOPE_ID = 90
_MAX_LINE = 998  # RFC 5322 section 2.1.1, without CRLF


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom: bare addresses. Raises ValueError for one that could smuggle a command.

    envelope_id (printable ASCII) comes back in the bounces of servers that offer DSN (RFC 3461).
    """

    sender: str
    recipient: str
    envelope_id: str = ""

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            if _FORBIDDEN.search(address):
                raise ValueError("an address holds a space, a control character or an angle bracket")
        if not self.recipient:
            raise ValueError("an envelope needs a recipient")
        if not self.envelope_id.isascii() or len(self.envelope_id) > _MAX_ENVELOPE_ID:
            raise ValueError("an envelope id has at most 90 ASCII characters")

    @property
    def needs_utf8(self) -> bool:
        """An address goes beyond ASCII before its @ (RFC 6531); a domain never needs to."""
        return not (with_ascii_domain(self.sender).isascii() and with_ascii_domain(self.recipient).isascii())


def obstacle(envelope: Envelope, content: bytes, extensions: Mapping[str, str]) -> tuple[Phase, Reply] | None:
    """Return what the server would have to answer to this message, None where nothing speaks against it."""
    size = extensions.get("SIZE", "").strip()
    if _SIZE.fullmatch(size) and 0 < int(size) < len(content):
        text = f"The message has {len(content):,} bytes; the mailbox's server takes {int(size):,}."
        return Phase.DATA, Reply(552, "5.3.4", text)
    if _needs_utf8(envelope, content) and "SMTPUTF8" not in extensions:
        is_theirs = not with_ascii_domain(envelope.recipient).isascii()
        whose = f"The address {envelope.recipient}" if is_theirs else "The mailbox's own address or Reply-To"
        text = f"{whose} needs SMTPUTF8 (RFC 6531), which the mailbox's server does not offer."
        return (Phase.RCPT if is_theirs else Phase.MAIL), Reply(553, "5.6.7", text)
    if not content.isascii() and "8BITMIME" not in extensions:
        text = "The message has bytes beyond ASCII, and the mailbox's server does not offer 8BITMIME (RFC 6152)."
        return Phase.DATA, Reply(554, "5.6.3", text)
    return None


def commands(envelope: Envelope, content: bytes, extensions: Mapping[str, str]) -> list[tuple[Phase, str]]:
    """Return MAIL, RCPT and DATA with the parameters of what the server offers: SIZE, 8BITMIME, SMTPUTF8, DSN."""
    recipient = with_ascii_domain(envelope.recipient)
    mail, rcpt = f"MAIL FROM:<{with_ascii_domain(envelope.sender)}>", f"RCPT TO:<{recipient}>"
    if "SIZE" in extensions:
        mail += f" SIZE={len(content)}"
    if not content.isascii():
        mail += " BODY=8BITMIME"
    if _needs_utf8(envelope, content):
        mail += " SMTPUTF8"
    if "DSN" in extensions and envelope.envelope_id:
        mail += f" RET=HDRS ENVID={_xtext(envelope.envelope_id)}"
        if recipient.isascii():
            rcpt += f" ORCPT=rfc822;{_xtext(recipient)}"
    return [(Phase.MAIL, mail), (Phase.RCPT, rcpt), (Phase.DATA, "DATA")]


def with_ascii_domain(address: str) -> str:
    """Return the address with its domain in A-labels (RFC 5890), as every server understands it."""
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except (idna.IDNAError, UnicodeError):
        return address


def stuffed(content: bytes) -> bytes:
    """Return the body as it goes over the wire: dots doubled at line starts, ended by the dot (RFC 5321 4.5.2).

    Raises ValueError for a bare CR or LF, a NUL, or a line over 998 bytes: such bytes are read differently by different
    servers, which is how one message becomes two.
    """
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    lines = content.count(b"\r\n")
    if content.count(b"\r") != lines or content.count(b"\n") != lines or b"\0" in content:
        raise ValueError("a bare CR, a bare LF or a NUL in a message")
    if max(map(len, content.split(b"\r\n"))) > _MAX_LINE:
        raise ValueError("a line of more than 998 bytes")
    return _LEADING_DOT.sub(b"..", content) + b".\r\n"


def _needs_utf8(envelope: Envelope, content: bytes) -> bool:
    """Say whether an address of the envelope, or a header, goes beyond ASCII."""
    return envelope.needs_utf8 or not (content.isascii() or content.partition(b"\r\n\r\n")[0].isascii())


def _xtext(value: str) -> str:
    return _NOT_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", value)
