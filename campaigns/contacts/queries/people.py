"""Contacts and lists as pages ask for them; no answer counts or sorts a million rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Reverse
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan
from django.http import QueryDict
from django.shortcuts import get_object_or_404

from campaigns.contacts.core.segments import LENGTH_LIMIT
from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.models import BulkAct, Contact, ContactList, ContactTag, ListMember, Suppression, Tag
from campaigns.contacts.queries.segments import contacts_where, read_condition
from campaigns.contacts.queries.suppressions import IsSuppressed, suppressed_contacts, suppressed_keys
from outreach.accounts.access import Member

COUNT_LIMIT = 10_000
SEARCH_LIMIT = 2_000
_NAMES_FROM = 2_000  # contacts that are asked for the names of their custom fields
# Addresses are searched among all contacts by their index; names and companies among so many of the newest.
NAMES_SEARCHED = 20_000
UNCHECKED = "unchecked"  # in the URL, where "" means all


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list of contacts; it lives in the URL."""

    search: str = ""
    list_id: int | None = None
    country: str = ""
    suppressed: str = ""  # "yes", "no", "" = both
    import_id: int | None = None
    tag: str = ""
    verdict: str = ""  # of the address; UNCHECKED for those that were never checked, "" = all
    where: str = ""  # a condition as core.segments reads it

    @property
    def are_set(self) -> bool:
        return self != Filters()

    def as_query(self) -> str:
        """Return the filters as filters_from reads them."""
        values = {
            "q": self.search, "list": self.list_id, "country": self.country, "suppressed": self.suppressed,
            "import": self.import_id, "tag": self.tag, "verdict": self.verdict, "where": self.where,
        }  # fmt: skip
        return urlencode({name: value for name, value in values.items() if value not in {"", None}})


def filters_from(query: QueryDict) -> Filters:
    """Read the filters of a URL; what makes no sense is left out."""
    suppressed, verdict = query.get("suppressed", ""), query.get("verdict", "")
    return Filters(
        search=query.get("q", "").replace("\0", "").strip()[:100],
        list_id=_number(query.get("list", "")),
        country=query.get("country", "").upper()[:2],
        suppressed=suppressed if suppressed in {"yes", "no"} else "",
        import_id=_number(query.get("import", "")),
        tag=query.get("tag", "").replace("\0", "")[:NAME_LIMIT],
        verdict=verdict if verdict in {UNCHECKED, *AddressVerdict} else "",
        where=" ".join(query.get("where", "").split())[: LENGTH_LIMIT + 1],
    )


def contacts_of(member: Member, filters: Filters, *, every: bool = False) -> QuerySet[Contact]:
    """Return the contacts of the workspace that the filters leave, unordered.

    A search stops behind SEARCH_LIMIT matches and looks for names among the NAMES_SEARCHED newest, unless `every`.
    Raises BadQuery for a condition that cannot be read: nobody is meant by it, and least of all everybody.
    """
    rows = Contact.objects.filter(workspace=member.workspace, erased_at=None)
    if filters.where:
        rows = contacts_where(member.workspace, read_condition(member.workspace.pk, filters.where))
    if filters.list_id is not None:
        rows = rows.filter(list_places__contact_list=filters.list_id)
    if filters.country:
        rows = rows.filter(country=filters.country)
    if filters.tag:
        rows = rows.filter(tag_places__tag__workspace=member.workspace, tag_places__tag__name=filters.tag)
    if filters.verdict:
        rows = rows.filter(verdict="" if filters.verdict == UNCHECKED else filters.verdict)
    if filters.import_id is not None:
        rows = rows.filter(origin=filters.import_id)
    if filters.suppressed:
        pk = member.workspace.pk
        rows = rows.filter(Q(pk__in=suppressed_contacts(pk)) if filters.suppressed == "yes" else ~Q(IsSuppressed(pk)))
    if not filters.search:
        return rows
    if every:
        return rows.filter(_is_named(filters.search) | _is_addressed(filters.search))
    ids = _found(rows, filters.search, newest_from=_names_from(member), limit=SEARCH_LIMIT)
    return Contact.objects.filter(workspace=member.workspace, pk__in=ids)


def names_are_cut(member: Member) -> bool:
    """Say whether there are more contacts than a search looks through for names."""
    return _names_from(member) > 0


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


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are, counted no further than the limit."""

    number: int
    limit: int

    def __str__(self) -> str:
        return f"more than {self.limit:,}" if self.number > self.limit else f"{self.number:,}"


def counted(rows: QuerySet[Contact], filters: Filters) -> Count:
    limit = SEARCH_LIMIT if filters.search else COUNT_LIMIT
    return Count(rows.order_by()[: limit + 1].count(), limit)


def _found(rows: QuerySet[Contact], search: str, *, newest_from: int, limit: int) -> list[int]:
    """Return the ids of who matches: addresses that begin so, "@acme.com" and below, names and companies with it in.

    Asked apart and bounded: inside the query of the page it would be weighed against every contact there is.
    """
    parts = (rows.filter(pk__gte=newest_from).filter(_is_named(search)), rows.filter(_is_addressed(search)))
    return sorted({pk for part in parts for pk in part.values_list("pk", flat=True)[: limit + 1]})


def _is_named(search: str) -> Q:
    named = Q(first_name__icontains=search) | Q(last_name__icontains=search) | Q(company__icontains=search)
    first, _, last = search.partition(" ")
    if last:
        named |= Q(first_name__icontains=first, last_name__icontains=last.strip())
    return named


def _is_addressed(search: str) -> Q:
    key = search.lower()
    if not key.startswith("@"):
        return Q(email_key__gte=key, email_key__lt=key + _LAST)
    mirrored, found = key[:0:-1], Reverse("domain")
    # "/" is the character after ".": the half-open range is everything below the domain.
    below = Q(GreaterThanOrEqual(found, f"{mirrored}.")) & Q(LessThan(found, f"{mirrored}/"))
    return Q(Exact(found, mirrored)) | below


def _names_from(member: Member) -> int:
    """Return the id from which on names are searched: that of the NAMES_SEARCHED-th newest contact, or 0."""
    newest = Contact.objects.filter(workspace=member.workspace).order_by("-pk").values_list("pk", flat=True)
    return next(iter(newest[NAMES_SEARCHED : NAMES_SEARCHED + 1]), 0)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


_LAST = "\U0010ffff"  # no address holds it: [key, key + this) is everything that begins with the key

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
