"""Many contacts at once, as a program sends them: each added or brought up to date, by the policies of an import.

What one contact costs by hand (services.people), all of them cost together: a handful of statements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from django.db import IntegrityError, OperationalError, connection, transaction

from campaigns.contacts.core.fields import COUNTRY, EMAIL, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE, FieldKind
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact, ContactEdit
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.queries.suppressions import erased_among
from campaigns.contacts.services.people import ERASED_WORDS
from campaigns.contacts.services.values import changes_of, cleaned_contact, define_texts
from campaigns.contacts.states import ImportPolicy
from outreach.accounts.access import Member
from outreach.kit import clock, gate
from outreach.kit.addresses import BadAddress, parse_address
from outreach.kit.away import gave_way

TOGETHER = 1_000  # contacts of one call
_TEXTS = (*TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)
_TRIES = 4  # each time somebody else adds one of them at the same moment


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


@dataclass(slots=True)
class _Plan:
    """What is to be written, by the place of the entry."""

    outcomes: dict[int, Outcome]
    made: dict[int, Contact] = field(default_factory=dict)
    changed: dict[int, tuple[Contact, dict[str, object]]] = field(default_factory=dict)  # as it is, and new columns


def upsert_contacts(member: Member, entries: Sequence[Entry], policy: ImportPolicy) -> list[Outcome]:
    """Store the entries and return what became of each, in their order; all of them, or after a crash none.

    The first entry of an address counts, later ones are rejected, as in an import.
    """
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return _upsert(member, entries, policy)
        except IntegrityError:  # one of the new ones was made by somebody else meanwhile: now it is known
            continue
        except OperationalError as error:
            if not gave_way(error):
                raise
    with transaction.atomic():
        return _upsert(member, entries, policy)


def _upsert(member: Member, entries: Sequence[Entry], policy: ImportPolicy) -> list[Outcome]:
    gate.hold_open([member.workspace.pk])  # nobody is erased between the asking for the print and the writing
    plan = _planned(member, entries, policy)
    made, changed = plan.made.values(), plan.changed.values()
    workspace_id = member.workspace.pk
    fields = [*(contact.fields for contact in made), *(_fields(columns) for _, columns in changed)]
    define_texts(workspace_id, dict(chain.from_iterable(one.items() for one in fields)))
    # In the order of their keys: two who add the same people wait for each other and never in a circle.
    Contact.objects.bulk_create(sorted(made, key=lambda contact: contact.email_key))
    edits = [ContactEdit(contact=row, changes=changes_of(row, new), made_by=member.user) for row, new in changed]
    ContactEdit.objects.bulk_create(edits)
    _update([(row.pk, new) for row, new in changed])
    for at, contact in plan.made.items():
        plan.outcomes[at] = Outcome(UpsertStatus.CREATED, contact.pk)
    for at, (contact, _) in plan.changed.items():
        plan.outcomes[at] = Outcome(UpsertStatus.UPDATED, contact.pk)
    return [plan.outcomes[at] for at in range(len(entries))]


def _planned(member: Member, entries: Sequence[Entry], policy: ImportPolicy) -> _Plan:
    """Judge each entry beside what is known; the known ones stay locked."""
    keys, outcomes = _keys(entries)
    plan = _Plan(outcomes)
    erased = erased_among(member.workspace.pk, keys)
    kinds = known_kinds(member.workspace.pk)
    rows = Contact.objects.filter(workspace=member.workspace, email_key__in=list(keys)).order_by("email_key")
    known = {contact.email_key: contact for contact in rows.select_for_update(of=("self",), no_key=True)}
    for key, at in keys.items():
        if key in erased:
            plan.outcomes[at] = Outcome(UpsertStatus.REJECTED, field=EMAIL, cause=ERASED_WORDS)
            continue
        try:
            if (contact := known.get(key)) is None:
                cleaned = cleaned_contact(entries[at].values, entries[at].fields, kinds=kinds, before={})
                plan.made[at] = Contact(workspace=member.workspace, **cleaned)
            else:
                _renew(plan, at, contact, entries[at], policy=policy, kinds=kinds)
        except BadContact as error:
            plan.outcomes[at] = Outcome(UpsertStatus.REJECTED, field=error.field, cause=error.cause)
    return plan


def _renew(  # noqa: PLR0913  # where it goes, what is known and what was sent
    plan: _Plan, at: int, contact: Contact, entry: Entry, *, policy: ImportPolicy, kinds: Mapping[str, FieldKind]
) -> None:
    """Put what becomes of a known contact into the plan. Raises BadContact."""
    if policy == ImportPolicy.SKIP:
        plan.outcomes[at] = Outcome(UpsertStatus.SKIPPED, contact.pk)
        return
    cleaned = cleaned_contact(*_merged(contact, entry, policy), kinds=kinds, before=contact.fields)
    if all(getattr(contact, name) == value for name, value in cleaned.items()):
        plan.outcomes[at] = Outcome(UpsertStatus.UNCHANGED, contact.pk)
    else:
        plan.changed[at] = contact, cleaned


def _keys(entries: Sequence[Entry]) -> tuple[dict[str, int], dict[int, Outcome]]:
    """Return the place of each address, and what is rejected: entries without one, and repeated ones."""
    keys: dict[str, int] = {}
    rejected: dict[int, Outcome] = {}
    for at, entry in enumerate(entries):
        try:
            key = parse_address(entry.values.get(EMAIL, "")).key
        except BadAddress as error:
            rejected[at] = Outcome(UpsertStatus.REJECTED, field=EMAIL, cause=error.cause)
            continue
        if keys.setdefault(key, at) != at:
            cause = f"The contact at index {keys[key]} has this address already."
            rejected[at] = Outcome(UpsertStatus.REJECTED, field=EMAIL, cause=cause)
    return keys, rejected


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


def _fields(columns: Mapping[str, object]) -> Mapping[str, str]:
    fields = columns["fields"]
    assert isinstance(fields, dict)
    return fields


def _update(rows: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    """Write texts and custom fields of contacts whose address stays."""
    if rows:
        sent = [{"id": pk, **{name: columns[name] for name in (*_TEXTS, "fields")}} for pk, columns in rows]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, {"rows": json.dumps(sent), "now": clock.now()})


_UPDATE = f"""
UPDATE contacts_contact c
   SET {", ".join(f"{name} = n.{name}" for name in _TEXTS)}, fields = n.fields, is_correspondent = false,
       updated_at = %(now)s
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n(id bigint, {", ".join(f"{name} text" for name in _TEXTS)}, fields jsonb)
 WHERE c.id = n.id
"""  # noqa: S608  our own words
