"""Templates and snippets of the library for an answer: with the values of whoever is answered, and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.library.models import Snippet, StepTemplate
from campaigns.library.queries import snippet_for, snippets_of, template_for, templates_of
from campaigns.sequences.wording import SenderValues, values_for
from campaigns.templating import TemplateProblem, compile_template, left_open, render_open, spin
from outreach.accounts.access import Member
from outreach.kit.addresses import key_of
from sending.inbox.threads.ground import Ground
from sending.inbox.threads.models import Thread

AT_HAND = 12  # of each kind, by name; a search narrows them


@dataclass(frozen=True, slots=True)
class Phrase:
    """An entry of the library as it would stand in an answer. is_open: places that somebody has to fill in."""

    kind: str  # "template" or "snippet"
    pk: int
    name: str
    note: str
    text: str
    is_open: Sequence[str]
    problem: str = ""  # why it cannot be put in


def phrases_of(member: Member, thread: Thread, ground: Ground, sought: str) -> list[Phrase]:
    """Return the first entries of the library by name that hold what is sought, filled for this conversation."""
    values = _values(thread, ground)
    rows: list[StepTemplate | Snippet] = [
        *templates_of(member, sought).order_by("name")[:AT_HAND],
        *snippets_of(member, sought).order_by("name")[:AT_HAND],
    ]
    return [_phrase(one, thread, values) for one in rows]


def phrase_for(member: Member, thread: Thread, ground: Ground, *, kind: str, pk: int) -> Phrase:
    """Return one entry, filled for this conversation. Raises Http404."""
    row = template_for(member, pk) if kind == "template" else snippet_for(member, pk)
    return _phrase(row, thread, _values(thread, ground))


def _phrase(row: StepTemplate | Snippet, thread: Thread, values: dict[str, str]) -> Phrase:
    is_template = isinstance(row, StepTemplate)
    source, note = (row.body_text, row.note) if isinstance(row, StepTemplate) else (row.text, "")
    kind = "template" if is_template else "snippet"
    try:
        made = render_open(compile_template(spin(source, seed=f"answer:{thread.pk}")), values)
    except TemplateProblem as problem:
        return Phrase(kind, row.pk, row.name, note, "", (), problem=str(problem))
    text = made.strip("\n")
    return Phrase(kind, row.pk, row.name, note, text, left_open(text))


def _values(thread: Thread, ground: Ground) -> dict[str, str]:
    mailbox = ground.mailbox or thread.mailbox
    address = thread.workspace.postal_address
    sender = SenderValues(mailbox.display_name, mailbox.address, mailbox.signature, postal_address=address)
    return values_for(_reader(thread, ground), sender)


def _reader(thread: Thread, ground: Ground) -> Contact:
    """Return who reads the answer. A colleague of theirs is not called by their name."""
    theirs, key = thread.contact, key_of(ground.recipient)
    if theirs is not None and theirs.email_key == key:
        return theirs
    known = Contact.objects.filter(workspace=thread.workspace_id, email_key=key, erased_at__isnull=True).first()
    if known is not None:
        return known
    company = {"company": theirs.company, "website": theirs.website} if theirs is not None else {}
    return Contact(email=ground.recipient, **company)
