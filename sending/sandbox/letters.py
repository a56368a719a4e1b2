"""The mails that come back: answers, absences, bounces (RFC 3464), complaints (RFC 5965). Pure: bytes out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TypeVar

from sending.sandbox.behaviour import choice_of

T = TypeVar("T")

DAEMON = "MAILER-DAEMON@mail.sandbox.test"

_ANSWERS = (
    "Thanks for reaching out. This is interesting, could you send some times for a call next week?",
    "Hi, good timing, we were just discussing this. What does it cost for a team of twelve?",
    "Not the right moment for us, but please write again in the new year.",
    "You should talk to my colleague in operations about this, not to me.",
    "Danke für die Nachricht. Das klingt spannend, haben Sie am Donnerstag Zeit?",
    "Merci pour votre message. Pouvez-vous m'en dire un peu plus ?",
    "Thanks, but we already have a supplier that we are happy with.",
    "Gracias por escribir. ¿Podemos hablar el martes por la mañana?",
)
_OPT_OUTS = (
    "Please remove me from your list.",
    "unsubscribe",
    "Bitte nehmen Sie mich aus dem Verteiler.",
    "Do not contact me again, please.",
)
_ABSENCES = (
    ("Automatic reply: {subject}", "Thank you for your message. I am away and will be back on {date}.", "%-d %B %Y"),
    (
        "Abwesenheitsnotiz: {subject}",
        "Vielen Dank für Ihre Nachricht. Ich bin bis {date} nicht erreichbar.",
        "%d.%m.%Y",
    ),
    ("Réponse automatique : {subject}", "Je suis absent du bureau, de retour le {date}.", "%d/%m/%Y"),
    ("Respuesta automática: {subject}", "Estoy fuera de la oficina hasta el {date}.", "%d/%m/%Y"),
    ("Automatisch antwoord: {subject}", "Ik ben afwezig en weer terug op {date}.", "%Y-%m-%d"),
    ("Odpowiedź automatyczna: {subject}", "Jestem poza biurem, wracam {date}.", "%Y-%m-%d"),
)
_NAMES = ("Anna", "Jonas", "Mei", "Priya", "Tomás", "Zoë", "Łukasz", "Amara")


@dataclass(frozen=True, slots=True)
class Original:
    """The message that is reacted to."""

    message_id: str
    references: str
    subject: str
    sender: str
    recipient: str
    text: str
    headers: str


def answer(original: Original, at: datetime) -> bytes:
    """Return a person's answer with our message quoted below."""
    body = f"{_pick(_ANSWERS, original)}\n\nBest regards,\n{_pick(_NAMES, original)}\n"
    return _letter(original, at, body, subject=_re(original.subject))


def opt_out(original: Original, at: datetime) -> bytes:
    """Return a person's wish to be left alone."""
    return _letter(original, at, _pick(_OPT_OUTS, original) + "\n", subject=_re(original.subject))


def absence(original: Original, at: datetime) -> bytes:
    """Return an out-of-office note (RFC 3834) with a date of return."""
    subject, text, form = _pick(_ABSENCES, original)
    date = (at + timedelta(days=5 + choice_of(original.recipient, 9))).strftime(form)
    letter = _message(original, at, text.format(date=date) + "\n", subject=subject.format(subject=original.subject))
    letter["Auto-Submitted"] = "auto-replied"
    letter["X-Auto-Response-Suppress"] = "All"
    return letter.as_bytes(policy=SMTP)


def bounce(original: Original, at: datetime) -> bytes:
    """Return a report that the message could not be delivered (RFC 3464), as Postfix writes it."""
    said = f"550 5.1.1 <{original.recipient}>: Recipient address rejected: User unknown in virtual mailbox table"
    words = (
        f"This is the mail system at mail.sandbox.test.\n\n<{original.recipient}>: host mx.sandbox.test said: {said}\n"
    )
    fields = (
        "Reporting-MTA: dns; mail.sandbox.test\n"
        f"Arrival-Date: {format_datetime(at)}\n\n"
        f"Final-Recipient: rfc822; {original.recipient}\n"
        f"Original-Recipient: rfc822;{original.recipient}\n"
        "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.sandbox.test\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )
    head = {
        "Return-Path": "<>",
        "From": f"Mail Delivery System <{DAEMON}>",
        "Subject": "Undelivered Mail Returned to Sender",
        "Auto-Submitted": "auto-replied",
    }
    return _report(original, at, head, (words, fields), kind="delivery-status")


def complaint(original: Original, at: datetime) -> bytes:
    """Return a provider's report that a person called the message spam (RFC 5965)."""
    words = "This is a report of a message that a user marked as spam.\n"
    fields = (
        "Feedback-Type: abuse\nUser-Agent: sandbox/1.0\nVersion: 1\n"
        f"Original-Mail-From: <{original.sender}>\nOriginal-Rcpt-To: <{original.recipient}>\n"
    )
    head = {"From": "Feedback loop <fbl@mail.sandbox.test>", "Subject": "Abuse report"}
    return _report(original, at, head, (words, fields), kind="feedback-report")


def _report(original: Original, at: datetime, head: Mapping[str, str], texts: tuple[str, str], *, kind: str) -> bytes:
    """Return a multipart/report (RFC 6522): words for people, fields for programs, the headers of our message."""
    token = hashlib.sha256(f"{kind}{original.message_id}{original.recipient}".encode()).hexdigest()[:24]
    words, fields = texts
    parts = (
        ("text/plain; charset=us-ascii", words),
        (f"message/{kind}", fields),
        ("text/rfc822-headers", original.headers),
    )
    lines = [
        *(f"{name}: {value}" for name, value in head.items()),
        f"To: {original.sender}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{token}@mail.sandbox.test>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="{token}"',
        "",
    ]
    for content_type, content in parts:
        lines += [f"--{token}", f"Content-Type: {content_type}", "", *content.split("\n")]
    return "\r\n".join([*lines, f"--{token}--", ""]).encode("ascii", "replace")


def _letter(original: Original, at: datetime, body: str, *, subject: str) -> bytes:
    quoted = "\n".join(f"> {line}" for line in original.text.splitlines()[:40])
    words = f"{body}\nOn {at:%a, %d %b %Y} at {at:%H:%M}, {original.sender} wrote:\n{quoted}\n"
    return _message(original, at, words, subject=subject).as_bytes(policy=SMTP)


def _message(original: Original, at: datetime, body: str, *, subject: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = original.recipient
    letter["To"] = original.sender
    letter["Subject"] = subject
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = (
        f"<re.{original.message_id.strip('<>').replace('@', '.')}@{original.recipient.partition('@')[2]}>"
    )
    letter["In-Reply-To"] = original.message_id
    letter["References"] = f"{original.references} {original.message_id}".strip()
    letter.set_content(body)
    return letter


def _re(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _pick(texts: tuple[T, ...], original: Original) -> T:
    return texts[choice_of(original.recipient, len(texts))]
