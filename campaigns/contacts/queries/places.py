"""Who is on a list or has a tag, asked in the way that costs least for how many they are.

See docs/decisions/contact-list-at-a-million.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BooleanField, F, Func, Q, QuerySet

from campaigns.contacts.models import ContactTag, ListMember, Tag
from outreach.accounts.access import Member

_Ids = QuerySet[ListMember, int] | QuerySet[ContactTag, int]
# Among a million contacts one of so many is met within a few dozen looks; of fewer, a table is made in 5 ms.
TABLED = 30_000


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one list or tag: the contacts' ids, out of the index of its own."""

    ids: _Ids
    table: str
    column: str
    pk: int
    are_few: bool  # TABLED at most

    def has_one(self) -> Q:
        """Return the condition that a contact has such a place, asked of one after the other and never a join."""
        return Q(_HasPlace(self))


def on_list(member: Member, list_id: int) -> Places:
    """Return who is on a list of the workspace; one query."""
    rows = ListMember.objects.filter(contact_list=list_id, contact_list__workspace=member.workspace)
    ids = rows.values_list("contact_id", flat=True)
    return Places(ids, "contacts_list_member", "contact_list_id", list_id, are_few=_are_few(ids))


def tagged(member: Member, name: str) -> Places:
    """Return who has a tag of the workspace; two queries."""
    pk = tag_id(member, name)
    ids = ContactTag.objects.filter(tag=pk).values_list("contact_id", flat=True)
    return Places(ids, "contacts_tag_place", "tag_id", pk, are_few=_are_few(ids))


def tag_id(member: Member, name: str) -> int:
    """Return the tag's id, 0 for none: by the id the database knows how many have it."""
    return Tag.objects.filter(workspace=member.workspace, name=name).values_list("pk", flat=True).first() or 0


def _are_few(ids: _Ids) -> bool:
    return ids[: TABLED + 1].count() <= TABLED


class _HasPlace(Func):
    """Whether the contact of a row has such a place: few are made a table of at first, of many the index is asked."""

    def __init__(self, places: Places) -> None:
        template = _IN_TABLE if places.are_few else _PROBE
        found = template.format(table=places.table, column=places.column, pk=int(places.pk))
        super().__init__(F("pk"), template=found, output_field=BooleanField())


# COALESCE keeps PostgreSQL from making a join of it, whose order it would choose by averages.
_IN_TABLE = "COALESCE(%(expressions)s IN (SELECT p.contact_id FROM {table} p WHERE p.{column} = {pk}), false)"
_PROBE = "(SELECT true FROM {table} p WHERE p.{column} = {pk} AND p.contact_id = %(expressions)s)"
