"""Contacts, lists and tags as pages ask for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.shortcuts import get_object_or_404

from campaigns.contacts.models import BulkAct, Contact, ContactList, ContactTag, ListMember, Suppression, Tag
from campaigns.contacts.queries.listing import COUNT_LIMIT
from campaigns.contacts.queries.suppressions import suppressed_keys
from outreach.accounts.access import Member

_NAMES_FROM = 2_000  # contacts that are asked for the names of their custom fields


def contact_for(member: Member, contact_id: int) -> Contact:
    """Return the contact. Raises Http404 for strangers."""
    rows = Contact.objects.select_related("origin").filter(erased_at=None)
    return get_object_or_404(rows, workspace=member.workspace, pk=contact_id)


def contacts_for(member: Member, ids: Collection[int]) -> QuerySet[Contact]:
    """Return those of the contacts that belong to the workspace."""
    return Contact.objects.filter(workspace=member.workspace, pk__in=ids, erased_at=None)


def lists_of(member: Member) -> QuerySet[ContactList]:
    """Return the lists by name, each with `size`, which stops counting behind COUNT_LIMIT."""
    size = RawSQL(_LIST_SIZE, [COUNT_LIMIT + 1], output_field=BigIntegerField())  # noqa: S611  no input in it
    return ContactList.objects.filter(workspace=member.workspace).annotate(size=size).order_by("name", "pk")


def list_names_of(member: Member) -> QuerySet[ContactList]:
    return ContactList.objects.filter(workspace=member.workspace).order_by("name", "pk")


def tag_names_of(member: Member) -> list[str]:
    """Return the tags that somebody has, by name."""
    used = Exists(ContactTag.objects.filter(tag=OuterRef("pk")))
    tags = Tag.objects.filter(used, workspace=member.workspace)
    return list(tags.order_by("name").values_list("name", flat=True))


def tags_with(contact: Contact) -> list[str]:
    return list(Tag.objects.filter(places__contact=contact).order_by("name").values_list("name", flat=True))


def list_for(member: Member, list_id: int) -> ContactList:
    """Return the list. Raises Http404 for strangers."""
    return get_object_or_404(ContactList, workspace=member.workspace, pk=list_id)


def bulk_for(member: Member, bulk_id: int) -> BulkAct:
    """Return the act on many contacts. Raises Http404 for strangers."""
    return get_object_or_404(BulkAct.objects.select_related("contact_list"), workspace=member.workspace, pk=bulk_id)


def lists_with(contact: Contact) -> QuerySet[ContactList]:
    return ContactList.objects.filter(members__contact=contact).order_by("name", "pk")


def tags_among(contacts: Sequence[Contact]) -> dict[int, list[str]]:
    """Return the tags of each contact that has any, by name; one query for a whole page."""
    places = ContactTag.objects.filter(contact__in=[contact.pk for contact in contacts])
    found: dict[int, list[str]] = {}
    for pk, name in places.order_by("tag__name").values_list("contact", "tag__name"):
        found.setdefault(pk, []).append(name)
    return found


def lists_among(contacts: Sequence[Contact]) -> dict[int, list[tuple[int, str]]]:
    """Return id and name of the lists of each contact that is on any, by name; one query for a whole page."""
    places = ListMember.objects.filter(contact__in=[contact.pk for contact in contacts])
    ordered = places.order_by("contact_list__name", "contact_list")
    found: dict[int, list[tuple[int, str]]] = {}
    for pk, list_id, name in ordered.values_list("contact", "contact_list", "contact_list__name"):
        found.setdefault(pk, []).append((list_id, name))
    return found


def suppression_of(contact: Contact) -> Suppression | None:
    """Return what forbids writing to the contact."""
    return suppressed_keys(contact.workspace_id, [contact.email_key]).get(contact.email_key)


def suppressions_among(member: Member, contacts: Sequence[Contact]) -> dict[int, Suppression]:
    """Return, by the contact's id, what forbids writing; one query for a whole page."""
    found = suppressed_keys(member.workspace.pk, [contact.email_key for contact in contacts])
    return {contact.pk: found[contact.email_key] for contact in contacts if contact.email_key in found}


def countries_of(member: Member) -> list[str]:
    """Return the country codes that contacts have, by one index probe for each."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTRIES, {"workspace": member.workspace.pk})
        return [code for (code,) in cursor.fetchall()]


def custom_names_among(rows: QuerySet[Contact]) -> list[str]:
    """Return the names of the custom fields that these contacts have."""
    named = rows.order_by().annotate(name=Func(F("fields"), function="jsonb_object_keys"))
    return sorted(named.values_list("name", flat=True).distinct())


def custom_names_of(member: Member) -> list[str]:
    """Return the names of the custom fields that the newest contacts have."""
    newest = Contact.objects.filter(workspace=member.workspace).exclude(fields={}).order_by("-pk")
    return custom_names_among(Contact.objects.filter(pk__in=newest.values("pk")[:_NAMES_FROM]))


_LIST_SIZE = """(
    SELECT count(*) FROM (
        SELECT 1 FROM contacts_list_member m WHERE m.contact_list_id = contacts_list.id LIMIT %s) AS counted
)"""

_COUNTRIES = """
WITH RECURSIVE known AS (
    (SELECT country FROM contacts_contact
      WHERE workspace_id = %(workspace)s AND country <> '' ORDER BY country LIMIT 1)
     UNION ALL
    SELECT (SELECT c.country FROM contacts_contact c
             WHERE c.workspace_id = %(workspace)s AND c.country <> '' AND c.country > known.country
             ORDER BY c.country LIMIT 1)
      FROM known WHERE known.country IS NOT NULL
)
SELECT country FROM known WHERE country IS NOT NULL
"""
