"""How much of what an import did to known people an undo would take back: by the rules of the undo, for all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from campaigns.contacts.core.fields import FULL_NAME
from campaigns.contacts.models import ContactImport
from campaigns.contacts.states import ImportPolicy, ImportState, TraceKind

_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Returning:
    """What known people would get back and lose; what was changed or taken away since, or a later file says, is not."""

    contacts: int  # who get values back
    samples: tuple[int, ...]  # ids of some of their changes
    places: int
    tags: int


def returning(row: ContactImport) -> Returning:
    """Return what an undo would take back of known people at this moment."""
    done = ContactImport.objects.filter(workspace=row.workspace_id, state=ImportState.DONE)
    later = done.exclude(pk=row.pk).filter(finished_at__gte=row.finished_at)
    said = [(one.pk, name, one.policy == ImportPolicy.FILL) for one in later for name in _said(one)]
    files, names, fills = [list(column) for column in zip(*said, strict=True)] if said else ([], [], [])
    values: dict[str, Any] = {
        "import": row.pk,
        "end": row.finished_at,
        "later": [one.pk for one in later],
        "files": files,
        "names": names,
        "fills": fills,
        "listed": TraceKind.LISTED,
        "tagged": TraceKind.TAGGED,
        "known": TraceKind.KNOWN,
        "samples": _SAMPLES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, values)
        contacts, samples = cursor.fetchall()[0]
        cursor.execute(_PLACES, values)
        places = int(cursor.fetchall()[0][0])
        cursor.execute(_TAGS, values)
        tags = int(cursor.fetchall()[0][0])
    return Returning(contacts, tuple(samples or ()), places, tags)


def _said(row: ContactImport) -> set[str]:
    """Return the fields that the import's file says something of, as queries.later has it."""
    targets = set(row.mapping.values()) - {""}
    if row.policy == ImportPolicy.SKIP:
        return set()
    return targets | {"first_name", "last_name"} if FULL_NAME in targets else targets


_KNOWN = """
WITH known AS (
    SELECT k.id AS contact_id, array_agg(t.contact_import_id) AS files
      FROM contacts_import_trace t CROSS JOIN LATERAL unnest(t.ids) AS k(id)
     WHERE t.contact_import_id = ANY(%(later)s::bigint[]) AND t.kind = %(known)s
     GROUP BY k.id
)"""

_VALUES = f"""{_KNOWN}, said AS (
    SELECT * FROM unnest(%(files)s::bigint[], %(names)s::text[], %(fills)s::boolean[]) AS s(file, name, is_filling)
)
SELECT count(*), (array_agg(h.id ORDER BY h.id))[1:%(samples)s]
  FROM contacts_import_change h
  JOIN contacts_contact c ON c.id = h.contact_id
  LEFT JOIN known g ON g.contact_id = h.contact_id
 WHERE h.contact_import_id = %(import)s AND EXISTS (
    SELECT 1 FROM jsonb_each(h.changes) AS e(name, pair)
     WHERE e.pair ->> 1 = CASE WHEN starts_with(e.name, 'fields.') THEN c.fields ->> substr(e.name, 8)
                               ELSE to_jsonb(c) ->> e.name END
       AND NOT EXISTS (
           SELECT 1 FROM said s WHERE s.file = ANY(g.files) AND s.name = e.name
              AND NOT (s.is_filling AND COALESCE(e.pair ->> 0, '') <> ''))
       AND NOT EXISTS (
           SELECT 1 FROM contacts_import_change o JOIN contacts_import i ON i.id = o.contact_import_id
            WHERE o.contact_id = h.contact_id AND (i.finished_at, i.id) > (%(end)s, %(import)s)
              AND jsonb_exists(o.changes, e.name)))
"""  # noqa: S608  our own words

_PLACES = f"""{_KNOWN}
SELECT count(*)
  FROM contacts_import_trace t
 CROSS JOIN LATERAL unnest(t.ids) AS p(id)
  JOIN contacts_list_member m ON m.id = p.id
  LEFT JOIN known g ON g.contact_id = m.contact_id
 WHERE t.contact_import_id = %(import)s AND t.kind = %(listed)s AND NOT EXISTS (
    SELECT 1 FROM contacts_import i WHERE i.id = ANY(g.files) AND i.contact_list_id = m.contact_list_id)
"""  # noqa: S608  our own words

_TAGS = f"""{_KNOWN}
SELECT count(*)
  FROM contacts_import_trace t
 CROSS JOIN LATERAL unnest(t.ids) AS p(id)
  JOIN contacts_tag_place m ON m.id = p.id
  JOIN contacts_tag w ON w.id = m.tag_id
  LEFT JOIN known g ON g.contact_id = m.contact_id
 WHERE t.contact_import_id = %(import)s AND t.kind = %(tagged)s AND NOT EXISTS (
    SELECT 1 FROM contacts_import i WHERE i.id = ANY(g.files) AND jsonb_exists(i.tags, w.name))
"""  # noqa: S608  our own words
