"""The reports that mail servers send: a message bounced (RFC 3464), a person called it spam (RFC 5965). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from sending.sandbox.behaviour import choice_of
from sending.sandbox.original import Original

HOST = "mail.sandbox.test"
DAEMON = f"MAILER-DAEMON@{HOST}"


@dataclass(frozen=True, slots=True)
class _Server:
    """How one kind of mail server words its report; {recipient} and {said} are filled in."""

    sender: str
    subject: str
    words: str
    said: str
    headers: tuple[tuple[str, str], ...] = ()


_SERVERS = (
    _Server(
        f"Mail Delivery System <{DAEMON}>",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host {host}.\n\nI'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. It's attached below.\n\n"
        "<{recipient}>: host mx.{domain} said: {said}\n",
        "550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    _Server(
        f"Postmaster <postmaster@{HOST}>",
        "Undeliverable: {subject}",
        "Your message to {recipient} couldn't be delivered.\n\nIt looks like the address is misspelled or does "
        "not exist.\n\nRemote server returned '{said}'\n",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; recipient {recipient} not found by SMTP address lookup",
        (("X-MS-Exchange-Message-Is-Ndr", ""),),
    ),
    _Server(
        f"Mail Delivery Subsystem <{DAEMON}>",
        "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to {recipient} because the address couldn't be "
        "found.\n\nThe response was:\n\n{said}\n",
        "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
        "recipient's email address for typos or unnecessary spaces.",
        (("X-Failed-Recipients", "{recipient}"),),
    ),
)


def bounce(original: Original, at: datetime) -> bytes:
    """Return a report that the address does not exist, as one of the common mail servers writes it."""
    server = _SERVERS[choice_of(original.recipient, len(_SERVERS), "server")]
    names = {
        "recipient": original.recipient,
        "domain": original.recipient.rpartition("@")[2],
        "host": HOST,
        "subject": original.subject.encode("ascii", "replace").decode(),
    }
    said = server.said.format(**names)
    fields = (
        f"Reporting-MTA: dns; {HOST}\nArrival-Date: {format_datetime(original.sent_at(at))}\n\n"
        f"Final-Recipient: rfc822; {original.recipient}\nOriginal-Recipient: rfc822;{original.recipient}\n"
        f"Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.{names['domain']}\nDiagnostic-Code: smtp; {said}\n"
    )
    head = [
        ("Return-Path", "<>"),
        ("From", server.sender),
        ("Subject", server.subject.format(**names)),
        ("Auto-Submitted", "auto-replied"),
        *((name, value.format(**names)) for name, value in server.headers),
    ]
    return _report(original, at, head, (server.words.format(**names, said=said), fields), kind="delivery-status")


def complaint(original: Original, at: datetime) -> bytes:
    """Return a provider's report that a person called the message spam."""
    words = (
        "This is an email abuse report for an email message received from the sandbox.\n"
        "A user marked the message below as spam.\n"
    )
    fields = (
        "Feedback-Type: abuse\nUser-Agent: sandbox/1.0\nVersion: 1\n"
        f"Original-Mail-From: <{original.sender}>\nOriginal-Rcpt-To: <{original.recipient}>\n"
        f"Arrival-Date: {format_datetime(original.sent_at(at))}\nReported-Domain: "
        f"{original.sender.rpartition('@')[2]}\n"
    )
    head = [("From", f"Feedback loop <fbl@{HOST}>"), ("Subject", "Abuse report")]
    return _report(original, at, head, (words, fields), kind="feedback-report")


def _report(
    original: Original, at: datetime, head: Sequence[tuple[str, str]], texts: tuple[str, str], *, kind: str
) -> bytes:
    """Return a multipart/report (RFC 6522): words for people, fields for programs, the headers of our message."""
    seed = f"{kind} {original.message_id} {original.recipient} {at.isoformat()}"
    token = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:24]
    words, fields = texts
    parts = (
        ("text/plain; charset=utf-8", words),
        (f"message/{kind}", fields),
        ("text/rfc822-headers", original.headers),
    )
    lines = [
        *(f"{name}: {value}" for name, value in head),
        f"To: {original.sender}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{token}@{HOST}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="{token}"',
        "",
        "This is a MIME-encapsulated message.",
    ]
    for content_type, content in parts:
        encoding = "7bit" if content.isascii() else "8bit"
        lines += ["", f"--{token}", f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {encoding}", ""]
        lines += content.rstrip("\n").split("\n")
    return "\r\n".join([*lines, "", f"--{token}--", ""]).encode("utf-8", "surrogateescape")
