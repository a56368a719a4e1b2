"""The list of contacts: its filters, its search, its orders, and a page of it at a million.

No answer counts or sorts a million rows: see docs/decisions/contact-list-at-a-million.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import connection
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Reverse
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan
from django.http import QueryDict

from campaigns.contacts.core.segments import LENGTH_LIMIT
from campaigns.contacts.core.segments.values import folded
from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.models import Contact, ImportChange
from campaigns.contacts.models.people import sort_key
from campaigns.contacts.queries.places import Places, on_list, tag_id, tagged
from campaigns.contacts.queries.segments import contacts_where, read_condition
from campaigns.contacts.queries.suppressions import SUPPRESSED_CONTACTS, IsSuppressed, suppressed_contacts
from campaigns.contacts.states import TraceKind
from outreach.accounts.access import Member

COUNT_LIMIT = 10_000
FEW = 3_000  # contacts that are sorted as fast as they are looked for among a million
DEAR_LIMIT = 500  # where each contact costs several looks
SEARCH_LIMIT = 500
# Addresses are searched among all contacts by their index; names and companies among so many of the newest.
NAMES_SEARCHED = 10_000
UPDATED, UNCHANGED = "updated", "unchanged"
IMPORT_DID = (UPDATED, UNCHANGED)  # to people known before; as long as the record for its undo is kept
UNCHECKED = "unchecked"  # in the URL, where "" means all


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list of contacts; it lives in the URL."""

    search: str = ""
    list_id: int | None = None
    country: str = ""
    suppressed: str = ""  # "yes", "no", "" = both
    import_id: int | None = None
    import_as: str = ""  # what that import did to them: one of IMPORT_DID, "" = it brought them
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
            "import": self.import_id, "as": self.import_as, "tag": self.tag, "verdict": self.verdict,
            "where": self.where,
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
        import_id=(import_id := _number(query.get("import", ""))),
        import_as=did if import_id is not None and (did := query.get("as", "")) in IMPORT_DID else "",
        tag=query.get("tag", "").replace("\0", "")[:NAME_LIMIT],
        verdict=verdict if verdict in {UNCHECKED, *AddressVerdict} else "",
        where=" ".join(query.get("where", "").split())[: LENGTH_LIMIT + 1],
    )


def contacts_of(member: Member, filters: Filters, *, every: bool = False) -> QuerySet[Contact]:
    """Return the contacts of the workspace that the filters leave, unordered.

    A search stops behind SEARCH_LIMIT matches and looks inside names among the NAMES_SEARCHED newest, unless `every`.
    Raises BadQuery for a condition that cannot be read: nobody is meant by it, and least of all everybody.
    """
    rows = _joined(member, filters)
    if not filters.search:
        return rows
    if every:
        return rows.filter(_is_named(filters.search) | _is_addressed(filters.search))
    return _among(member, _found(rows, filters.search, newest_from=_names_from(member)))


def listed(member: Member, filters: Filters) -> tuple[QuerySet[Contact], Count]:
    """Return whom a page of the list is cut from, and how many they are, counted to a limit. Raises BadQuery.

    Few are read whole, whatever the order; of many, a page is found on the way through the index of its order, where
    each is asked about. That is said to the database by how it is asked: it would weigh both by averages.
    """
    if not filters.are_set:
        everybody = _of(member)
        return everybody, Count(everybody[: COUNT_LIMIT + 1].count(), COUNT_LIMIT)
    places = _places(member, filters)
    one_by_one = _all_of(member, filters, places)
    if filters.search:
        ids = _found(one_by_one, filters.search, newest_from=_names_from(member))
        return _among(member, ids), Count(len(ids), SEARCH_LIMIT)
    is_dear = bool(filters.suppressed or filters.where)
    limit = DEAR_LIMIT if is_dear else COUNT_LIMIT
    if _are_many(member, filters, limit):
        return one_by_one, Count(limit + 1, limit)
    if filters == Filters(suppressed="yes"):
        ids = _first_suppressed(member, limit + 1)
    elif places and filters in (Filters(list_id=filters.list_id), Filters(tag=filters.tag)):
        there = places[0].ids  # who was erased is on no list and has no tag
        ids = list(there[: FEW + 1])
        if len(ids) > FEW:  # counted in the database: 10,000 ids take longer to read than the page
            return one_by_one, Count(there[: limit + 1].count(), limit)
    else:
        # Many have the place: it is a cheap question before the dear one. Few are where to begin.
        is_asked = filters.suppressed == "yes" or (is_dear and not all(one.are_few for one in places))
        found = one_by_one if is_asked else _joined(member, filters, is_page=True)
        ids = list(found.order_by().values_list("pk", flat=True)[: limit + 1])
    count = Count(len(ids), limit)
    return (_among(member, ids) if count.number <= min(limit, FEW) else one_by_one), count


def _are_many(member: Member, filters: Filters, limit: int) -> bool:
    """Say that more than the limit have this country, or this verdict, where an index alone tells it.

    Without a look at the contacts themselves whoever is being erased at this moment counts; who was has neither.
    """
    rows = Contact.objects.filter(workspace=member.workspace)
    if filters.country and filters == Filters(country=filters.country):
        rows = rows.filter(country=filters.country)
    elif filters.verdict not in {"", UNCHECKED} and filters == Filters(verdict=filters.verdict):
        rows = rows.filter(verdict=filters.verdict)
    else:
        return False
    return rows.order_by()[: limit + 1].count() > limit


def _of(member: Member) -> QuerySet[Contact]:
    """Return everybody; what is left of an erased person is nobody."""
    return Contact.objects.filter(workspace=member.workspace, erased_at=None)


def _narrowed(member: Member, filters: Filters, *, is_page: bool) -> QuerySet[Contact]:
    """Return whom the filters leave that are conditions on the contact's own row. Raises BadQuery."""
    rows = _of(member)
    if filters.where:
        rows = contacts_where(member.workspace, read_condition(member.workspace.pk, filters.where))
    if filters.country:
        rows = rows.filter(country=filters.country)
    if filters.verdict:
        rows = rows.filter(verdict="" if filters.verdict == UNCHECKED else filters.verdict)
    if filters.import_id is not None:
        rows = rows.filter(_in_import(filters.import_id, filters.import_as))
    if filters.suppressed == "no":
        rows = rows.filter(~Q(IsSuppressed(member.workspace.pk, probes=is_page)))
    return rows


def _in_import(import_id: int, did: str) -> Q:
    """Return the condition that an import brought a contact, changed it, or found it and left it as it was."""
    if not did:
        return Q(origin=import_id)
    changed = Q(Exists(ImportChange.objects.filter(contact_import=import_id, contact=OuterRef("pk"))))
    if did == UPDATED:
        return changed
    known = RawSQL(_KNOWN_TO, [import_id, TraceKind.KNOWN], output_field=BigIntegerField())  # noqa: S611  no input in it
    return Q(pk__in=known) & ~changed


_KNOWN_TO = "SELECT unnest(t.ids) FROM contacts_import_trace t WHERE t.contact_import_id = %s AND t.kind = %s"


def _joined(member: Member, filters: Filters, *, is_page: bool = False) -> QuerySet[Contact]:
    """Return whom the filters but the search leave, found from wherever the database likes to begin."""
    rows = _narrowed(member, filters, is_page=is_page)
    if filters.list_id is not None:
        rows = rows.filter(list_places__contact_list=filters.list_id)
    if filters.tag:
        rows = rows.filter(tag_places__tag=tag_id(member, filters.tag))
    if filters.suppressed == "yes":
        rows = rows.filter(pk__in=suppressed_contacts(member.workspace.pk))
    return rows


def _all_of(member: Member, filters: Filters, places: Sequence[Places]) -> QuerySet[Contact]:
    """Return the same, each condition asked of one contact after the other."""
    rows = _narrowed(member, filters, is_page=True)
    for one in places:
        rows = rows.filter(one.has_one())
    return rows.filter(Q(IsSuppressed(member.workspace.pk))) if filters.suppressed == "yes" else rows


def _places(member: Member, filters: Filters) -> Sequence[Places]:
    """Return the places of the list and of the tag that are asked for."""
    on = [on_list(member, filters.list_id)] if filters.list_id is not None else []
    return [*on, tagged(member, filters.tag)] if filters.tag else on


def _among(member: Member, ids: Sequence[int]) -> QuerySet[Contact]:
    """Return the contacts of these ids; as one array, since each value of an IN would be an expression of its own."""
    array = RawSQL("SELECT unnest(%s::bigint[])", [list(ids)], output_field=BigIntegerField())
    return _of(member).filter(pk__in=array)


def _first_suppressed(member: Member, limit: int) -> list[int]:
    """Return so many of the contacts that must not be written to, found from the suppressions."""
    statement = f"SELECT s.id FROM ({SUPPRESSED_CONTACTS}) AS s LIMIT %(limit)s"  # noqa: S608  # of our own
    with connection.cursor() as cursor:
        cursor.execute(statement, {"workspace": member.workspace.pk, "limit": limit})
        return sorted({pk for (pk,) in cursor.fetchall()})


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the contact list; `by` and `rises` as kit.paging takes them."""

    name: str  # in the URL
    label: str
    by: str
    rises: bool
    fields: tuple[str, ...] = ()  # of the key that the rows are annotated with

    def keyed(self, rows: QuerySet[Contact]) -> QuerySet[Contact]:
        """Return the rows with the key by which they are sorted."""
        return rows.annotate(**{self.by: sort_key(*self.fields)}) if self.fields else rows


SORTS = (
    Sort("", "Newest first", "id", rises=False),
    Sort("oldest", "Oldest first", "id", rises=True),
    Sort("email", "Address, A to Z", "email_key", rises=True),
    Sort("email_down", "Address, Z to A", "email_key", rises=False),
    Sort("name", "Last name, A to Z", "name_key", rises=True, fields=("last_name", "first_name")),
    Sort("name_down", "Last name, Z to A", "name_key", rises=False, fields=("last_name", "first_name")),
    Sort("company", "Company, A to Z", "company_key", rises=True, fields=("company",)),
    Sort("company_down", "Company, Z to A", "company_key", rises=False, fields=("company",)),
)


def sort_from(query: QueryDict) -> Sort:
    """Read the order of a URL; one that is not known is newest first."""
    return next((one for one in SORTS if one.name == query.get("sort", "")), SORTS[0])


def names_are_cut(member: Member) -> bool:
    """Say whether there are more contacts than a search looks through for names."""
    return _names_from(member) > 0


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are, counted no further than the limit."""

    number: int
    limit: int

    def __str__(self) -> str:
        return f"more than {self.limit:,}" if self.number > self.limit else f"{self.number:,}"


def _found(rows: QuerySet[Contact], search: str, *, newest_from: int) -> list[int]:
    """Return the ids of who matches: addresses that begin so, "@acme.com" and below, names and companies with it in.

    Asked apart and bounded: inside the query of the page it would be weighed against every contact there is.
    """
    parts = (
        rows.filter(pk__gte=newest_from).filter(_is_named(search)),
        rows.filter(_is_addressed(search)),
        *_beginning(rows, search),
    )
    found = {pk for part in parts for pk in part.values_list("pk", flat=True)[: SEARCH_LIMIT + 1]}
    return sorted(found)[-SEARCH_LIMIT - 1 :]


def _beginning(rows: QuerySet[Contact], search: str) -> Iterator[QuerySet[Contact]]:
    """Yield whose company or last name begins so, or who is "first last", among all, each by its index."""

    def begin(text: str, *fields: str) -> QuerySet[Contact]:
        begins, key = folded(text), sort_key(*fields)
        return rows.filter(GreaterThanOrEqual(key, begins), LessThan(key, begins + _LAST))

    yield begin(search, "company")
    yield begin(search, "last_name", "first_name")
    first, _, last = search.partition(" ")
    if last.strip():
        yield begin(last.strip(), "last_name", "first_name").filter(first_name__istartswith=first)


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
