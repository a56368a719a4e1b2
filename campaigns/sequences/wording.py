"""One contact's message: values, variant and templates become subject and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import PlannedStep, PlannedVariant
from campaigns.templating import (
    MissingValue,
    Template,
    TemplateProblem,
    clean_header,
    clean_text,
    compile_template,
    reads_pretended,
    render,
    spin,
)

SUBJECT_LIMIT = 500
_SIGNATURE = "sender.signature"


@dataclass(frozen=True, slots=True)
class SenderValues:
    """What a template may say about whoever sends: the mailbox, and the workspace that it belongs to."""

    name: str
    email: str
    signature: str
    postal_address: str  # of the workspace


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
        "region": contact.region,
        "country": contact.country,
        "sender.name": sender.name,
        "sender.email": sender.email,
        _SIGNATURE: sender.signature,
        "sender.postal_address": sender.postal_address,
    }
    custom = {name: str(value) for name, value in contact.fields.items() if name not in standard and value is not None}
    return {name: clean_text(value) for name, value in {**custom, **standard}.items()}


def word(step: PlannedStep, variant: PlannedVariant, contact: Contact, sender: SenderValues) -> Wording:
    """Render the step for the contact.

    The spin is drawn from step and contact, so that a retry reads the same.
    Raises MissingValue naming every value that the contact lacks, TemplateProblem when the wording is broken, or when
    a text, or the subject of a step that opens a thread, would be empty, or such a subject would pretend to answer.
    """
    values = values_for(contact, sender)
    seed = f"{step.id}:{contact.pk}"
    subject = _template(variant.subject, seed=f"{seed}:subject")
    text = _template(variant.body_text, seed=seed)
    html = _template(variant.body_html, seed=seed, html=True)
    parts = _rendered((subject, text, html), values)
    made = Wording(clean_header(parts[0], limit=SUBJECT_LIMIT), parts[1], parts[2])
    _refuse_unfit(made, opens_thread=step.opens_thread)
    signature = values[_SIGNATURE].strip()
    return Wording(
        made.subject,
        _signed(made.text, signature) if _lacks_signature(text) else made.text,
        _signed_html(made.html, signature) if _lacks_signature(html) else made.html,
    )


def _template(source: str, *, seed: str, html: bool = False) -> Template | None:
    return compile_template(spin(source, seed=seed), html=html) if source else None


def _rendered(templates: Sequence[Template | None], values: Mapping[str, str]) -> list[str]:
    """Render the parts of one message; what any of them lacks is told at once."""
    texts = []
    lacking: set[str] = set()
    for template in templates:
        try:
            texts.append(render(template, values) if template else "")
        except MissingValue as error:
            lacking |= error.names
    if lacking:
        raise MissingValue(lacking)
    return texts


def _refuse_unfit(made: Wording, *, opens_thread: bool) -> None:
    if opens_thread and not made.subject:
        raise TemplateProblem("The message would have no subject.", hint="Write the subject.", code="empty")
    if opens_thread and reads_pretended(made.subject):
        words = f"The subject would read “{made.subject}” and pretend to answer something."
        raise TemplateProblem(words, hint="Mend the subject, or the value of this contact.", code="fake_thread")
    if not made.text.strip():
        raise TemplateProblem("The message would have no text.", hint="Write the text.", code="empty")


def _lacks_signature(template: Template | None) -> bool:
    """Say whether there is a part at all, and its wording does not place the signature itself."""
    return template is not None and _SIGNATURE not in template.variables


def _signed(text: str, signature: str) -> str:
    return f"{text.rstrip()}\n\n-- \n{signature}\n" if signature else text


def _signed_html(html: str, signature: str) -> str:
    lines = "<br>\n".join(escape(line) for line in signature.split("\n"))
    return f"{html.rstrip()}\n<p>{lines}</p>\n" if signature else html
