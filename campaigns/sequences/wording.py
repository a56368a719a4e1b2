"""One contact's message: values, variant and templates become subject and text."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import PlannedStep, PlannedVariant
from campaigns.templating import clean_header, clean_text, compile_template, render, spin

SUBJECT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class SenderValues:
    """What a template may say about the mailbox that sends."""

    name: str
    email: str
    signature: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A message as the recipient will read it. The subject is empty where the step answers in its thread."""

    subject: str
    text: str
    html: str


def values_for(contact: Contact, sender: SenderValues) -> dict[str, str]:
    """Return every value a template may use for this contact, cleaned: name -> text, "" where it is not known."""
    standard = {
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "full_name": f"{contact.first_name} {contact.last_name}".strip(),
        "company": contact.company,
        "title": contact.title,
        "phone": contact.phone,
        "website": contact.website,
        "city": contact.city,
        "country": contact.country,
        "sender.name": sender.name,
        "sender.email": sender.email,
        "sender.signature": sender.signature,
    }
    custom = {name: str(value) for name, value in contact.fields.items() if name not in standard}
    return {name: clean_text(value) for name, value in {**custom, **standard}.items()}


def word(step: PlannedStep, variant: PlannedVariant, contact: Contact, sender: SenderValues) -> Wording:
    """Render the step for the contact.

    The spin is drawn from step and contact, so that a retry reads the same.
    Raises MissingValue naming the values that the contact lacks, TemplateProblem when the wording is broken.
    """
    values = values_for(contact, sender)
    seed = f"{step.id}:{contact.pk}"
    subject = _render(variant.subject, values, seed=f"{seed}:subject")
    text = _render(variant.body_text, values, seed=seed)
    return Wording(
        subject=clean_header(subject, limit=SUBJECT_LIMIT),
        text=with_signature(text, sender.signature, used="sender.signature" in variant.body_text),
        html=_render(variant.body_html, values, seed=seed),
    )


def with_signature(text: str, signature: str, *, used: bool) -> str:
    """Put the sender's signature under the text unless the wording places it itself."""
    if used or not signature.strip():
        return text
    return f"{text.rstrip()}\n\n-- \n{signature.strip()}\n"


def _render(source: str, values: dict[str, str], *, seed: str) -> str:
    return render(compile_template(spin(source, seed=seed)), values) if source else ""
