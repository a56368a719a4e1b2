"""Contacts and lists, changed by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from campaigns.calendar import ZoneProblem, parse_zone
from campaigns.contacts.core.countries import parse_country
from campaigns.contacts.core.fields import (
    COUNTRY,
    CUSTOM_LIMIT,
    CUSTOM_PREFIX,
    EMAIL,
    TEXT_LIMITS,
    TIME_ZONE,
    FieldKind,
    is_custom_name,
)
from campaigns.contacts.core.typed import Misfit, Style, canonical
from campaigns.contacts.errors import BadContact, NameTaken
from campaigns.contacts.models import Contact, ContactEdit, ContactList, ListMember
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.queries.suppressions import erased_among
from campaigns.contacts.services.fields import define_fields
from outreach.accounts.models import User, Workspace
from outreach.kit import clock
from outreach.kit.addresses import BadAddress, parse_address
from outreach.kit.away import gave_way

# Nothing holds up those who write to the contacts that are being deleted: each may be in the way once.
_DELETE_TRIES = 4


def create_contact(workspace: Workspace, values: Mapping[str, str], fields: Mapping[str, str]) -> Contact:
    """Store a contact; values by field ("email", "first_name", ...), fields are custom.

    Raises BadContact, NameTaken for an address that another contact has.
    """
    cleaned = _cleaned(values, _custom(workspace.pk, fields, {}))
    _refuse_erased(workspace.pk, str(cleaned["email_key"]))
    try:
        with transaction.atomic():
            _define(workspace.pk, fields)
            return Contact.objects.create(workspace=workspace, **cleaned)
    except IntegrityError as error:
        raise NameTaken("email", "A contact with this address exists already.") from error


def edit_contact(
    contact: Contact, values: Mapping[str, str], fields: Mapping[str, str], *, by: User | None = None
) -> bool:
    """Replace the values of a contact, and write down what changed; empty ones are emptied.

    False when it has these values already. Raises BadContact, NameTaken for an address that another contact has.
    """
    cleaned = _cleaned(values, _custom(contact.workspace_id, fields, contact.fields))
    if all(getattr(contact, name) == value for name, value in cleaned.items()):
        return False
    if cleaned["email_key"] != contact.email_key:
        _refuse_erased(contact.workspace_id, str(cleaned["email_key"]))
    try:
        with transaction.atomic():
            _define(contact.workspace_id, fields)
            before = Contact.objects.select_for_update(of=("self",), no_key=True).filter(pk=contact.pk).first()
            if before is not None and (changes := _changes(before, cleaned)):
                ContactEdit.objects.create(contact=before, changes=changes, made_by=by)
            moved = Contact.objects.filter(pk=contact.pk).exclude(email_key=cleaned["email_key"])
            moved.update(verdict="")  # it was about another address
            Contact.objects.filter(pk=contact.pk).update(**cleaned, updated_at=clock.now())
    except IntegrityError as error:
        raise NameTaken("email", "Another contact has this address.") from error
    return True


def _changes(before: Contact, cleaned: Mapping[str, object]) -> dict[str, list[str]]:
    """Return what an edit changes: field, or "fields.<name>" -> [before, after]."""
    plain = (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE)
    found = {name: [getattr(before, name), str(cleaned[name])] for name in plain}
    new: Any = cleaned["fields"]
    for name in {**before.fields, **new}:
        found[f"{CUSTOM_PREFIX}{name}"] = [before.fields.get(name, ""), new.get(name, "")]
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _refuse_erased(workspace_id: int, key: str) -> None:
    if erased_among(workspace_id, [key]):
        raise BadContact("email", "The person of this address was erased on request, and cannot be added again.")


def delete_contacts(workspace: Workspace, ids: Collection[int]) -> int:
    """Delete contacts of the workspace with their places on lists; returns how many there were."""
    for _ in range(_DELETE_TRIES):
        try:
            return _delete(workspace, ids)
        except IntegrityError:  # a message to one of them was made meanwhile, and came too late to be deleted with it
            continue
        except OperationalError as error:  # a courier holds some of them in another order
            if not gave_way(error):
                raise
    return _delete(workspace, ids)


def _delete(workspace: Workspace, ids: Collection[int]) -> int:
    with transaction.atomic():
        _, by_model = Contact.objects.filter(workspace=workspace, pk__in=ids, erased_at=None).delete()
    return by_model.get("contacts.Contact", 0)


def create_list(workspace: Workspace, name: str) -> ContactList:
    """Store an empty list. Raises BadContact when the name is empty, too long or taken."""
    try:
        with transaction.atomic():
            return ContactList.objects.create(workspace=workspace, name=clean_name(name))
    except IntegrityError as error:
        raise NameTaken("name", "A list with this name exists already.") from error


def list_named(workspace: Workspace, name: str) -> ContactList:
    """Return the list of this name, in any case; created when there is none. Raises BadContact."""
    found = ContactList.objects.filter(workspace=workspace, name__iexact=clean_name(name)).first()
    return found or create_list(workspace, name)


def rename_list(row: ContactList, name: str) -> None:
    """Give the list another name. Raises BadContact."""
    try:
        with transaction.atomic():
            ContactList.objects.filter(pk=row.pk).update(name=clean_name(name))
    except IntegrityError as error:
        raise NameTaken("name", "A list with this name exists already.") from error


def delete_list(row: ContactList) -> None:
    """Delete the list; its contacts stay. Raises ProtectedError while a campaign uses it."""
    row.delete()


def add_to_list(row: ContactList, ids: Collection[int]) -> int:
    """Put contacts of the list's workspace on the list; returns how many are new there."""
    known = Contact.objects.filter(workspace=row.workspace_id, pk__in=ids, erased_at=None).values_list("pk", flat=True)
    before = row.members.filter(contact__in=ids).count()
    places = [ListMember(contact_list=row, contact_id=pk) for pk in known]
    ListMember.objects.bulk_create(places, ignore_conflicts=True)
    return len(places) - before


def remove_from_list(row: ContactList, ids: Collection[int]) -> int:
    """Take contacts off the list; returns how many were on it."""
    removed, _ = row.members.filter(contact__in=ids).delete()
    return removed


def clean_name(name: str, thing: str = "list") -> str:
    """Return the name of a list or segment, in one line. Raises BadContact."""
    cleaned = " ".join(name.split())
    if not cleaned:
        raise BadContact("name", f"Give the {thing} a name.")
    if len(cleaned) > 120:
        raise BadContact("name", f"The name has {len(cleaned)} characters; 120 fit.")
    if not cleaned.isprintable():
        raise BadContact("name", "The name has invisible characters.")
    return cleaned


def _cleaned(values: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, object]:
    try:
        address = parse_address(values.get("email", ""))
    except BadAddress as error:
        raise BadContact("email", error.cause) from error
    cleaned: dict[str, object] = {"email": address.email, "email_key": address.key, "domain": address.domain}
    for field, limit in TEXT_LIMITS.items():
        cleaned[field] = _one_line(field, values.get(field, ""), limit)
    cleaned["country"] = _country(values.get("country", ""))
    cleaned["time_zone"] = _zone(values.get("time_zone", ""))
    cleaned["fields"] = fields
    return cleaned


def _one_line(field: str, text: str, limit: int) -> str:
    line = " ".join(text.replace("\0", " ").split())
    if len(line) > limit:
        raise BadContact(field, f"This has {len(line):,} characters; {limit} fit.")
    return line


def _country(text: str) -> str:
    if not text.strip():
        return ""
    code = parse_country(text)
    if code is None:
        raise BadContact("country", f"“{text.strip()[:60]}” is not a country that is known; write a code such as DE.")
    return code


def _zone(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return parse_zone(text).key
    except ZoneProblem as error:
        raise BadContact("time_zone", str(error)) from error


def _custom(workspace_id: int, fields: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the values of custom fields as they are kept. One that stays as it was before is left in peace."""
    kinds = known_kinds(workspace_id)
    cleaned: dict[str, str] = {}
    for name, text in fields.items():
        if not is_custom_name(name):
            raise BadContact("fields", f"“{name}” cannot be the name of a field: small letters, digits and _ only.")
        value = text.replace("\0", " ").strip()
        if len(value) > CUSTOM_LIMIT:
            raise BadContact("fields", f"“{name}” has {len(value):,} characters; {CUSTOM_LIMIT:,} fit.")
        if value and value != before.get(name):
            value = _typed(name, value, kinds.get(name, FieldKind.TEXT))
        if value:
            cleaned[name] = value
    return cleaned


def _typed(name: str, value: str, kind: FieldKind) -> str:
    # What a form shows of a number has a point: that decides where a value alone could be read in two ways.
    kept = canonical(value, kind, Style.POINT if kind == FieldKind.NUMBER else Style.UNKNOWN)
    if isinstance(kept, Misfit):
        raise BadContact("fields", f"“{name}” is no {_FORMS[kind][0]}: “{value[:60]}”. {_FORMS[kind][1]}")
    return kept


_FORMS = {
    FieldKind.NUMBER: ("number", "Write it as 1234.5."),
    FieldKind.DATE: ("date", "Write it as 2026-11-05."),
    FieldKind.YES_NO: ("yes or no", "Write yes or no."),
}


def _define(workspace_id: int, fields: Mapping[str, str]) -> None:
    define_fields(workspace_id, {name: (FieldKind.TEXT, name) for name, text in fields.items() if text.strip()})
