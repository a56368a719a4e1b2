"""Contacts and lists, changed by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import IntegrityError, OperationalError, connection, transaction

from campaigns.contacts.core.fields import COUNTRY, EMAIL, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.core.suppressing import Rule
from campaigns.contacts.errors import BadContact, NameTaken, Overtaken
from campaigns.contacts.models import BulkPart, Contact, ContactEdit, ContactList, ListMember
from campaigns.contacts.parts import parts
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.queries.suppressions import erased_among
from campaigns.contacts.services.suppressions import Wish, suppress_all
from campaigns.contacts.services.values import changes_of, cleaned_contact, define_texts
from campaigns.contacts.states import BulkAction, BulkState, SuppressionReason, SuppressionScope
from outreach.accounts.models import User, Workspace
from outreach.kit import clock, gate
from outreach.kit.away import gave_way
from outreach.kit.stale import fingerprint

# Nothing holds up those who write to the contacts that are being deleted: each may be in the way once.
_DELETE_TRIES = 4
GONE_WORDS = "The contact is gone."
ERASED_WORDS = "The person of this address was erased, and cannot be added again."


def create_contact(
    workspace: Workspace, values: Mapping[str, str], fields: Mapping[str, str], *, is_correspondent: bool = False
) -> Contact:
    """Store a contact; values by field ("email", "first_name", ...), fields are custom.

    is_correspondent: nobody wants them in a campaign so far; they wrote on their own, and are answered.
    Raises BadContact, NameTaken for an address that another contact has.
    """
    cleaned = cleaned_contact(values, fields, kinds=known_kinds(workspace.pk), before={})
    try:
        with transaction.atomic():
            gate.hold_open([workspace.pk])  # who is erased from here on is found
            _refuse_erased(workspace.pk, str(cleaned["email_key"]))
            define_texts(workspace.pk, fields)
            return Contact.objects.create(workspace=workspace, is_correspondent=is_correspondent, **cleaned)
    except IntegrityError as error:
        raise NameTaken("email", "A contact with this address exists already.") from error


def edit_contact(
    contact: Contact,
    values: Mapping[str, str],
    fields: Mapping[str, str],
    *,
    by: User | None = None,
    seen: str | None = None,
) -> bool:
    """Replace the values of a contact, and write down what changed; empty ones are emptied.

    Custom fields that are not named stay: an import may have added one since the form was opened. False when it has
    these values already. seen: of what the values were drawn from (see seen_contact). Raises BadContact, NameTaken for
    an address that another contact has, Overtaken.
    """
    try:
        with transaction.atomic():
            gate.hold_open([contact.workspace_id])  # before any row, as an erasure has it
            # Locked before its fields are made, as whoever writes to many at once does it. The page may have been open
            # while the person was erased: what it shows is not put back.
            rows = Contact.objects.select_for_update(of=("self",), no_key=True)
            if (row := rows.filter(pk=contact.pk, erased_at=None).first()) is None:
                raise BadContact("email", GONE_WORDS)
            return _edit(row, values, fields, by, seen)
    except IntegrityError as error:
        raise NameTaken("email", "Another contact has this address.") from error


def seen_contact(contact: Contact, names: Collection[str]) -> str:
    """Return the fingerprint of a contact as a page shows it. names: of the custom fields that are on the page."""
    plain = [getattr(contact, name) for name in (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)]
    return fingerprint(plain, sorted((name, text) for name, text in contact.fields.items() if name in names))


def _edit(
    before: Contact, values: Mapping[str, str], fields: Mapping[str, str], by: User | None, seen: str | None
) -> bool:
    kinds = known_kinds(before.workspace_id)
    kept = {name: text for name, text in before.fields.items() if name not in fields}
    cleaned = cleaned_contact(values, {**kept, **fields}, kinds=kinds, before=before.fields)
    if all(getattr(before, name) == value for name, value in cleaned.items()):
        return False
    if seen is not None and seen != (stands := seen_contact(before, fields)):
        raise Overtaken(changes_of(before, cleaned), seen=stands)
    if cleaned["email_key"] != before.email_key:
        _refuse_erased(before.workspace_id, str(cleaned["email_key"]))
    define_texts(before.workspace_id, fields)
    if cleaned["email_key"] != before.email_key:
        for part in parts():
            part.outlives([before.pk])
    if changes := changes_of(before, cleaned):
        ContactEdit.objects.create(contact=before, changes=changes, made_by=by)
    moved = Contact.objects.filter(pk=before.pk).exclude(email_key=cleaned["email_key"])
    moved.update(verdict="")  # it was about another address
    Contact.objects.filter(pk=before.pk).update(**cleaned, updated_at=clock.now())
    return True


def _refuse_erased(workspace_id: int, key: str) -> None:
    if erased_among(workspace_id, [key]):
        raise BadContact("email", ERASED_WORDS)


def delete_contacts(workspace: Workspace, ids: Collection[int]) -> int:
    """Delete contacts of the workspace with their places on lists; returns how many there were.

    A suppression that was confirmed for many, and is not written yet for some of these, is written first.
    """
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
        _suppress_as_confirmed(workspace, ids)  # first: it shuts the gate
        rows = Contact.objects.filter(workspace=workspace, pk__in=ids, erased_at=None)
        # Before what hangs on them is looked for: whoever holds them (see held) has hung it there by then.
        there = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
        for part in parts():
            part.outlives(there)
        _, by_model = rows.delete()
    return by_model.get("contacts.Contact", 0)


def _suppress_as_confirmed(workspace: Workspace, ids: Collection[int]) -> None:
    parts = BulkPart.objects.filter(
        bulk_act__workspace=workspace,
        bulk_act__action=BulkAction.SUPPRESS,
        bulk_act__state=BulkState.RUNNING,
        ids__overlap=list(ids),
    )
    for part in parts.select_related("bulk_act__created_by"):
        meant = Contact.objects.filter(workspace=workspace, pk__in=set(ids).intersection(part.ids), erased_at=None)
        wishes = [
            Wish(Rule(SuppressionScope.ADDRESS, key), SuppressionReason.MANUAL, part.bulk_act.note)
            for key in meant.values_list("email_key", flat=True)
        ]
        suppress_all(workspace, wishes, by=part.bulk_act.created_by)


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
    with transaction.atomic():
        places = [ListMember(contact_list=row, contact_id=pk) for pk in held(row.workspace_id, ids)]
        before = row.members.filter(contact__in=ids).count()
        ListMember.objects.bulk_create(places, ignore_conflicts=True)
    return len(places) - before


def held(workspace_id: int, ids: Collection[int]) -> list[int]:
    """Return those of the contacts that are the workspace's and not erased; nobody deletes them in this transaction.

    The lock is the one that a foreign key takes: whoever hangs something on contacts that no constraint checks takes it
    for many in one statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [workspace_id, list(ids)])
        return [pk for (pk,) in cursor.fetchall()]


def remove_from_list(row: ContactList, ids: Collection[int]) -> int:
    """Take contacts off the list; returns how many were on it."""
    removed, _ = row.members.filter(contact__in=ids).delete()
    return removed


_HOLD = """
SELECT id FROM contacts_contact
 WHERE workspace_id = %s AND id = ANY(%s::bigint[]) AND erased_at IS NULL
 ORDER BY id FOR KEY SHARE
"""


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
