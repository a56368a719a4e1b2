"""The custom fields of a workspace, and which stored values fit a kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.kinds import Typed
from campaigns.contacts.core.typed import canonical, style_of
from campaigns.contacts.models import CustomField, FieldRemoval
from outreach.accounts.access import Member

_EXAMPLES = 8
_STYLE_VALUES = 1_000  # values from which the way of writing is guessed
_CURSOR_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Fit:
    """How the values of a field would fare under a kind."""

    typed: Typed
    contacts: int  # who has the field
    misfits: int  # of them: whose value is none of the kind
    examples: tuple[tuple[str, str], ...]  # (value, why) of some misfits


def fields_of(member: Member) -> QuerySet[CustomField]:
    return CustomField.objects.filter(workspace=member.workspace).order_by("name")


def removals_of(member: Member) -> QuerySet[FieldRemoval]:
    """Return the deleted fields whose values are not gone from everybody yet."""
    return FieldRemoval.objects.filter(workspace=member.workspace).order_by("name")


def field_for(member: Member, field_id: int) -> CustomField:
    """Return the field. Raises Http404 for strangers."""
    return get_object_or_404(CustomField, workspace=member.workspace, pk=field_id)


def known_kinds(workspace_id: int) -> dict[str, FieldKind]:
    """Return name -> kind of the custom fields that the workspace knows."""
    rows = CustomField.objects.filter(workspace=workspace_id).values_list("name", "kind")
    return {name: FieldKind(kind) for name, kind in rows}


def contacts_with(field: CustomField) -> int:
    """Return how many contacts have a value in this field."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM contacts_contact WHERE workspace_id = %s AND fields ? %s",
            [field.workspace_id, field.name],
        )
        (count,) = cursor.fetchone()
    return int(count)


def fit_of(field: CustomField, typed: Typed) -> Fit:
    """Return how the stored values fit; the way in which they are written is guessed where typed leaves it open."""
    if not typed.style:
        first = [value for value, _ in _values_of(field, limit=_STYLE_VALUES)]
        typed = Typed(typed.kind, style_of(first, typed.kind))
    contacts = misfits = 0
    examples: list[tuple[str, str]] = []
    for value, count in _values_of(field):
        contacts += count
        outcome = canonical(value, typed.kind, typed.style)
        if not isinstance(outcome, str):
            misfits += count
            if len(examples) < _EXAMPLES:
                examples.append((value, outcome.cause))
    return Fit(typed, contacts, misfits, tuple(examples))


def _values_of(field: CustomField, *, limit: int | None = None) -> Iterator[tuple[str, int]]:
    """Yield each value with the number of contacts that have it, a part in memory at a time."""
    rows = _VALUES.format(limit="" if limit is None else f"LIMIT {limit:d}")
    with connection.chunked_cursor() as cursor:
        cursor.execute(rows, [field.name, field.workspace_id, field.name])
        while part := cursor.fetchmany(_CURSOR_ROWS):
            yield from part


_VALUES = """
SELECT fields ->> %s AS value, count(*) FROM contacts_contact WHERE workspace_id = %s AND fields ? %s
 GROUP BY value ORDER BY count(*) DESC, value {limit}
"""
