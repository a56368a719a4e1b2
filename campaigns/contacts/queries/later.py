"""Which later imports say something of the people whom an import changed: what they say stays when that one is undone.

A later import that found a value as its own file has it changed nothing, and is done: the value is its word, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.contacts.core.fields import FULL_NAME
from campaigns.contacts.models import ContactImport, ImportChange
from campaigns.contacts.states import ImportPolicy, ImportState, TraceKind


@dataclass(slots=True)
class Later:
    """A later import, and what it has to do with one contact."""

    file: ContactImport
    change: ImportChange | None = None  # what it changed
    is_known: bool = False  # the contact stands in its file, and it is done

    def claims(self, name: str, before: str | None) -> bool:
        """Say whether this value is its word, too; before: what an undo of the earlier import would put there."""
        if self.change is not None and name in self.change.changes:
            return True
        policy = ImportPolicy(self.file.policy)
        if not self.is_known or policy == ImportPolicy.SKIP or (policy == ImportPolicy.FILL and before):
            return False
        targets = set(self.file.mapping.values())
        return name in targets or (name in {"first_name", "last_name"} and FULL_NAME in targets)

    @property
    def states(self) -> bool:
        """Whether it makes who only wrote to us a contact like others."""
        is_done = self.is_known or self.change is not None
        return is_done and ImportPolicy(self.file.policy) != ImportPolicy.SKIP

    def gives(self, kind: TraceKind, owner: int | str) -> bool:
        """Say whether it gives a place on this list, by its id, or this tag, by its name."""
        if not self.is_known:
            return False
        return owner == self.file.contact_list_id if kind == TraceKind.LISTED else owner in self.file.tags


def later_of(row: ContactImport, ids: Sequence[int]) -> dict[int, list[Later]]:
    """Return the later imports by contact, first one first.

    Told by when they ended: who waits for a contact's lock ends after the one who holds it, whenever they began.
    """
    if not ids:
        return {}
    changes = {
        (change.contact_import_id, change.contact_id): change
        for change in ImportChange.objects.filter(contact__in=ids).exclude(contact_import=row)
    }
    values: list[Any] = [row.workspace_id, ImportState.DONE, row.pk, TraceKind.KNOWN, min(ids), max(ids), list(ids)]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)
        known = set(cursor.fetchall())
    files = ContactImport.objects.in_bulk({import_id for import_id, _ in known | set(changes)})
    later = sorted((one for one in files.values() if _end(one) > _end(row)), key=_end)
    found: dict[int, list[Later]] = {}
    by_file: dict[int, set[int]] = {}
    for import_id, contact_id in known | set(changes):
        by_file.setdefault(import_id, set()).add(contact_id)
    for file in later:
        for contact_id in by_file[file.pk]:
            pair = (file.pk, contact_id)
            found.setdefault(contact_id, []).append(Later(file, changes.get(pair), pair in known))
    return found


def claims_on(change: ImportChange, later: Sequence[Later]) -> dict[str, Later]:
    """Return the values that are a later import's, too, each with the first such import."""
    found = {}
    for name, (before, _) in change.changes.items():
        claimant = next((one for one in later if one.claims(name, before)), None)
        if claimant is not None:
            found[name] = claimant
    return found


def _end(row: ContactImport) -> tuple[datetime, int]:
    assert row.finished_at is not None  # it was merged
    return row.finished_at, row.pk


_KNOWN = """
SELECT i.id, k.id
  FROM contacts_import i
  JOIN contacts_import_trace t ON t.contact_import_id = i.id
 CROSS JOIN LATERAL unnest(t.ids) AS k(id)
 WHERE i.workspace_id = %s AND i.state = %s AND i.id <> %s
   AND t.kind = %s AND t.last_id >= %s AND t.first_id <= %s AND k.id = ANY(%s::bigint[])
"""
