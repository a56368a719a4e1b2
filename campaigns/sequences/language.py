"""What the page of reference shows: the variables of a workspace, and a text tried on one of its contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.contacts.models import Contact, CustomField
from campaigns.sequences.variables import known_variables
from campaigns.sequences.wording import SenderValues, values_for
from campaigns.templating import (
    STANDARD,
    MissingValue,
    TemplateProblem,
    check,
    check_spin,
    compile_template,
    render,
    spin,
)
from campaigns.templating.reference import SAMPLE
from outreach.accounts.models import Workspace

LONGEST_TRIAL = 2_000
_OLIVE = ("Olive", "olive@acme.example", "Olive\nAcme")


@dataclass(frozen=True, slots=True)
class Trial:
    """A text that was tried: what its reader gets, or what is wrong with it. lacks: the values that are missing."""

    source: str
    reader: str
    reads: str = ""
    lacks: tuple[str, ...] = ()
    problems: tuple[TemplateProblem, ...] = ()


def variables_of(workspace: Workspace) -> Sequence[tuple[str, str]]:
    """Return name and meaning of each variable: the standard ones, then the workspace's own fields."""
    titles = {row.name: row.title for row in CustomField.objects.filter(workspace=workspace)}
    own = sorted(known_variables(workspace.pk) - set(STANDARD))
    return [*STANDARD.items(), *((name, titles.get(name, "your own field")) for name in own)]


def trial_of(workspace: Workspace, source: str) -> Trial:
    """Return how the newest contact of the workspace, or a made-up one, would read the text."""
    contact = Contact.objects.filter(workspace=workspace, erased_at=None).order_by("-id").first()
    reader = contact.email if contact else f"{SAMPLE['full_name']}, who is made up"
    source = source.replace("\r\n", "\n")[:LONGEST_TRIAL]
    problems = (*check_spin(source), *check(source, known=known_variables(workspace.pk)))
    if problems:
        return Trial(source, reader, problems=problems)
    sender = SenderValues(*_OLIVE, postal_address=workspace.postal_address)
    try:
        template = compile_template(spin(source, seed=f"trial:{contact.pk if contact else 0}"))
        return Trial(source, reader, reads=render(template, values_for(contact, sender) if contact else SAMPLE))
    except MissingValue as error:
        return Trial(source, reader, lacks=tuple(sorted(error.names)))
    except TemplateProblem as problem:
        return Trial(source, reader, problems=(problem,))
