"""The mails that people and their machines send back: answers, wishes to be left alone, absences. Pure: bytes out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TypeVar

from sending.sandbox import phrases, wire
from sending.sandbox.behaviour import Behaviour, choice_of
from sending.sandbox.original import Original, read_original
from sending.sandbox.phrases import Absence
from sending.sandbox.reports import bounce, complaint
from sending.sandbox.shapes import PROGRAMS, Program, body_of, subject_of

__all__ = ["WRITERS", "Original", "absence", "answer", "bounce", "complaint", "opt_out", "read_original"]

T = TypeVar("T")

_DEPARTMENTS = ("Operations", "Purchasing", "Marketing", "Office of the CEO", "Logistics")
# One person in so many answers from another address of theirs.
_ALIAS_OF = 10


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers, and from which address."""

    name: str
    address: str
    company: str

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]


def answer(original: Original, at: datetime) -> bytes:
    """Return a person's answer, signed, with our message quoted as their mail program does."""
    person, program = person_of(original), _pick(PROGRAMS, original, "program")
    chosen = _pick(phrases.ANSWERS, original, "answer")
    words = "\n".join(
        (
            phrases.greeting(chosen.language, original.sender_name.partition(" ")[0]),
            "",
            chosen.text,
            "",
            phrases.SIGN_OFFS[chosen.language],
            _signature(original, person, program),
        )
    )
    return _reply(original, at, person, program, words)


def opt_out(original: Original, at: datetime) -> bytes:
    """Return a person's wish to be left alone."""
    program = _pick(PROGRAMS, original, "program")
    return _reply(original, at, person_of(original), program, _pick(phrases.OPT_OUTS, original, "opt-out"))


def absence(original: Original, at: datetime) -> bytes:
    """Return an out-of-office note (RFC 3834) with a date of return, always from the address that was written to."""
    person = person_of(original)
    note = _pick(phrases.ABSENCES, original, "absence")
    back = at + timedelta(days=5 + choice_of(original.recipient, 9, "days away"))
    body = EmailMessage()
    body.set_content(_note(note, back, original) + f"\n\n{person.name}\n")
    headers = [
        *_headers(original, at, person.name, original.recipient, note.subject.format(subject=original.subject)),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "auto_reply"),
    ]
    return wire.mail_bytes(headers, body)


def person_of(original: Original) -> Person:
    """Return who sits behind an address: named as our message names them, else after the address itself."""
    local, _, domain = original.recipient.rpartition("@")
    bare = local.partition("+")[0]
    words = [word for word in bare.replace("_", ".").replace("-", ".").split(".") if word]
    name = original.recipient_name or " ".join(word.title() for word in words) or "Front Desk"
    address = original.recipient
    if choice_of(address, _ALIAS_OF, "alias") == 0 and bare and '"' not in bare:
        address = f"{words[0][0]}.{words[-1]}@{domain}" if len(words) > 1 else f"{bare}@mail.{domain}"
    return Person(name, address, _company(domain))


def _company(domain: str) -> str:
    label = domain.partition(".")[0].rstrip("0123456789")
    return " ".join(word.title() for word in label.split("-")).strip() or "Head Office"


def _signature(original: Original, person: Person, program: Program) -> str:
    if program.trailer:  # a phone signs for itself
        return person.first_name
    department = _pick(_DEPARTMENTS, original, "department")
    number = 100 + choice_of(original.recipient, 100, "telephone")  # 555-01xx belongs to nobody
    delimiter = "-- \n" if program.name == "terminal" else ""
    return f"{person.first_name}\n\n{delimiter}{person.name}\n{department} | {person.company}\n+1 202 555 0{number}"


def _note(note: Absence, back: datetime, original: Original) -> str:
    domain = original.recipient.rpartition("@")[2]
    return note.text.format(date=back.strftime(note.date), colleague=f"office@{domain}")


def _reply(original: Original, at: datetime, person: Person, program: Program, words: str) -> bytes:
    headers = _headers(original, at, person.name, person.address, subject_of(original, program))
    return wire.mail_bytes([*headers, *program.headers], body_of(words, original, at, program))


def _headers(original: Original, at: datetime, name: str, address: str, subject: str) -> list[tuple[str, str]]:
    token = hashlib.sha256(f"{original.message_id} {original.recipient}".encode("utf-8", "replace")).hexdigest()[:32]
    headers = [
        ("From", wire.mailbox(name, address)),
        ("To", wire.mailbox(original.sender_name, original.sender)),
        ("Subject", wire.unstructured(subject)),
        ("Date", format_datetime(at)),
        ("Message-ID", f"<{token}@{original.recipient.rpartition('@')[2]}>"),
    ]
    if original.message_id:
        headers += [
            ("In-Reply-To", original.message_id),
            ("References", wire.ids(f"{original.references} {original.message_id}")),
        ]
    return headers


def _pick(choices: tuple[T, ...], original: Original, about: str) -> T:
    return choices[choice_of(original.recipient, len(choices), about)]


# Who writes back, and what: (original, at) -> the bytes of a mail.
WRITERS = {
    Behaviour.REPLY: answer,
    Behaviour.OUT_OF_OFFICE: absence,
    Behaviour.OPT_OUT: opt_out,
    Behaviour.COMPLAIN: complaint,
    Behaviour.BOUNCE: bounce,
}
