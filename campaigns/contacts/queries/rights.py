"""What a person may ask for: everything that is stored about them, and where their address came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from campaigns.contacts.core.fields import EMAIL
from campaigns.contacts.models import (
    Contact,
    ContactEdit,
    ContactGround,
    Erasure,
    ListInterest,
    Retention,
    RetentionRun,
)
from campaigns.contacts.parts import Person, Section, parts
from campaigns.contacts.queries.grounds import basis_of, grounds_of
from campaigns.contacts.queries.interests import interests_in
from campaigns.contacts.states import BASIS_TOLD, WITHOUT_INTEREST, LegalBasis
from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.addresses import parse_address
from outreach.kit.naming import unturned


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that is stored about a person (GDPR, article 15)."""

    address: str
    made_at: datetime
    sections: Sequence[Section]

    def as_json(self) -> str:
        """Return it as one file that machines and people read."""
        content = {
            "address": self.address,
            "made_at": self.made_at,
            "sections": [{"name": one.name, "rows": list(one.rows)} for one in self.sections],
        }
        return json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) + "\n"

    def as_texts(self) -> Sequence[tuple[str, Sequence[Sequence[tuple[str, str]]]]]:
        """Return the sections that have rows, each row as names and texts, without what is empty."""
        return [(one.name, [_texts(row) for row in one.rows]) for one in self.sections if one.rows]


def data_of(member: Member, contact: Contact) -> PersonalData:
    """Return everything that every room has of a contact of the workspace."""
    person = _person(member, contact)
    return PersonalData(contact.email, clock.now(), [section for part in parts() for section in part.gives(person)])


def _person(member: Member, contact: Contact) -> Person:
    former = tuple((one.key, one.email) for one in former_addresses(contact) if one.held_by is None)
    return Person(member.workspace.pk, contact.pk, contact.email_key, contact.email, former)


@dataclass(frozen=True, slots=True)
class Former:
    """An address that a contact had before it was changed by hand."""

    key: str
    email: str  # as given
    held_by: int | None  # another contact whose address it is now


def former_addresses(contact: Contact) -> Sequence[Former]:
    """Return the addresses that the contact had before, the oldest first, each once."""
    edits = ContactEdit.objects.filter(contact=contact, changes__has_key=EMAIL).order_by("made_at", "pk")
    found: dict[str, str] = {}
    for changes in edits.values_list("changes", flat=True):
        email = changes[EMAIL][0]
        found.setdefault(parse_address(email).key, email)
    found.pop(contact.email_key, None)
    others = Contact.objects.filter(workspace=contact.workspace_id, email_key__in=list(found), erased_at=None)
    held = dict(others.exclude(pk=contact.pk).values_list("email_key", "pk"))
    return [Former(key, email, held.get(key)) for key, email in found.items()]


def erasures_of(member: Member) -> QuerySet[Erasure]:
    return Erasure.objects.filter(workspace=member.workspace)


def retention_of(member: Member) -> Retention:
    """Return what the workspace forgets by itself; a row that is not stored where nothing was ever said."""
    return Retention.objects.filter(workspace=member.workspace).first() or Retention(workspace=member.workspace)


def retention_runs_of(member: Member) -> QuerySet[RetentionRun]:
    return RetentionRun.objects.filter(workspace=member.workspace)


_RIGHTS = (
    "You may object at any time: answer this mail, and you will not be written to again. You may also ask for a copy "
    "of everything that is stored about you, or for its erasure."
)
_NO_GROUND = "[Say here on what ground you wrote: consent, a contract, a legitimate interest.]"


def origin_letter(member: Member, contact: Contact) -> str:
    """Return the answer to "how did you get my address?", to be sent to the person (GDPR, article 14)."""
    origin, workspace = contact.origin, member.workspace
    sent = sorted(one for part in parts() for one in part.sent(_person(member, contact)))
    lines = [f"How {unturned(workspace.name)} came to your address {contact.email}", ""]
    if origin is None:
        lines.append(f"It was entered by hand on {contact.created_at:%d %B %Y}.")
    else:
        lines.append(f"It was imported from the file “{origin.filename}” on {contact.created_at:%d %B %Y}.")
        lines.append(f"Its source: {origin.source}" if origin.source else "[Say here where the file came from.]")
    basis = basis_of(contact)
    later = grounds_of(contact)
    stated = LegalBasis(origin.legal_basis) if origin else LegalBasis.UNSTATED
    if stated is not LegalBasis.UNSTATED or not later:
        lines += ["", BASIS_TOLD.get(stated, _NO_GROUND)]
    if origin and origin.basis_page:
        lines.append(f"The page: {origin.basis_page}")
    lines += [line for one in later for line in ("", _stated(one))]
    lines.append("")
    if basis not in WITHOUT_INTEREST:
        lines += [line for one in interests_in(contact.pk) for line in (_weighed(one), "")]
    if sent:
        lines.append("What you were sent:")
        lines += [f"- {at:%d %B %Y}: {subject or '(no subject)'}" for at, subject in sent]
    else:
        lines.append("Nothing was sent to you so far.")
    lines += [
        "",
        _RIGHTS,
        "",
        unturned(workspace.name),
        workspace.postal_address,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _stated(one: ContactGround) -> str:
    given = one.contact_import
    where = f"with the file “{given.filename}”" + (f", whose source is: {given.source}" if given.source else "")
    return f"{BASIS_TOLD[LegalBasis(one.basis)]} That was put down on {one.stated_at:%d %B %Y} {where}."


def _weighed(one: ListInterest) -> str:
    return (
        f"What our interest is: {one.purpose} Why it takes your data: {one.necessity} "
        f"Why it outweighs: {one.balancing} "
        f"(Weighed on {one.decided_at:%d %B %Y}, to be looked at again by {one.review_on:%d %B %Y}.)"
    )


def _texts(row: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(_label(name), _text(value)) for name, value in row.items() if value not in ("", None, {}, [], b"")]


def _label(name: str) -> str:
    words = name.replace("__", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return str(value)
