"""Many contacts at once, as a program sends them: each added or brought up to date, by the policies of an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import transaction

from campaigns.contacts.core.fields import COUNTRY, EMAIL, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.errors import BadContact, NameTaken
from campaigns.contacts.models import Contact
from campaigns.contacts.services.people import create_contact, edit_contact
from campaigns.contacts.states import ImportPolicy
from outreach.accounts.access import Member
from outreach.kit.addresses import BadAddress, key_of, parse_address

TOGETHER = 1_000  # contacts of one call
_TEXTS = (*TEXT_LIMITS, COUNTRY, TIME_ZONE)


class UpsertStatus(StrEnum):
    """What became of one row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # known, and the policy leaves it as it is
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact as it was sent: values by field, and custom fields. What is empty says nothing."""

    values: Mapping[str, str]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry; for a rejected one the field and the cause."""

    status: UpsertStatus
    contact_id: int | None = None
    field: str = ""
    cause: str = ""


@transaction.atomic
def upsert_contacts(member: Member, entries: Sequence[Entry], policy: ImportPolicy) -> list[Outcome]:
    """Store the entries and return what became of each, in their order; all of them, or after a crash none.

    The first entry of an address counts, later ones are rejected, as in an import.
    """
    outcomes = dict(_refused(entries))
    keys = {at: key for at, entry in enumerate(entries) if at not in outcomes and (key := _key(entry))}
    mine = Contact.objects.filter(workspace=member.workspace, email_key__in=keys.values())
    # In the order of their keys: two who send the same contacts wait for each other and never in a circle.
    known = {contact.email_key: contact for contact in mine.order_by("email_key").select_for_update(of=("self",))}
    for at in sorted(keys, key=keys.__getitem__):
        try:
            outcomes[at] = _store(member, entries[at], known.get(keys[at]), policy)
        except BadContact as error:
            outcomes[at] = Outcome(UpsertStatus.REJECTED, field=error.field, cause=error.cause)
    return [outcomes[at] for at in range(len(entries))]


def _key(entry: Entry) -> str:
    return key_of(entry.values.get(EMAIL, ""))


def _refused(entries: Sequence[Entry]) -> Iterator[tuple[int, Outcome]]:
    """Yield the entries without a usable address, and those whose address an earlier one has."""
    first: dict[str, int] = {}
    for at, entry in enumerate(entries):
        try:
            key = parse_address(entry.values.get(EMAIL, "")).key
        except BadAddress as error:
            yield at, Outcome(UpsertStatus.REJECTED, field=EMAIL, cause=error.cause)
            continue
        if first.setdefault(key, at) != at:
            cause = f"The contact at index {first[key]} has this address already."
            yield at, Outcome(UpsertStatus.REJECTED, field=EMAIL, cause=cause)


def _store(member: Member, entry: Entry, contact: Contact | None, policy: ImportPolicy) -> Outcome:
    """Add the contact, or bring it up to date. Raises BadContact."""
    if contact is None:
        try:
            made = create_contact(member.workspace, entry.values, entry.fields)
        except NameTaken:  # somebody else was faster
            return _store(member, entry, _locked(member, _key(entry)), policy)
        return Outcome(UpsertStatus.CREATED, made.pk)
    if policy == ImportPolicy.SKIP:
        return Outcome(UpsertStatus.SKIPPED, contact.pk)
    values, fields = _merged(contact, entry, policy)
    is_new = edit_contact(contact, values, fields, by=member.user)
    return Outcome(UpsertStatus.UPDATED if is_new else UpsertStatus.UNCHANGED, contact.pk)


def _locked(member: Member, key: str) -> Contact:
    return Contact.objects.select_for_update(of=("self",)).get(workspace=member.workspace, email_key=key)


def _merged(contact: Contact, entry: Entry, policy: ImportPolicy) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the contact has afterwards; an empty value never erases what is known."""
    is_filling = policy == ImportPolicy.FILL
    values = {EMAIL: contact.email}
    for name in _TEXTS:
        new, old = entry.values.get(name, "").strip(), getattr(contact, name)
        values[name] = (old or new) if is_filling else (new or old)
    given = {name: text for name, text in entry.fields.items() if text.strip()}
    known = {name: text for name, text in contact.fields.items() if text}
    return values, {**given, **known} if is_filling else {**known, **given}
