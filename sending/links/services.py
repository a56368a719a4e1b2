"""Write down where links lead."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from outreach.kit import statements
from sending.links.core import is_destination
from sending.links.models import Destination, PersonalDestination

# In the order of their text: two claims at once never wait for each other in a circle.
_KEEP = """
INSERT INTO links_destination (workspace_id, url)
SELECT w, u FROM unnest(%s::bigint[], %s::varchar[]) AS t(w, u) ORDER BY 1, 2
ON CONFLICT (workspace_id, md5(url)) DO NOTHING
"""
_FIND = """
SELECT d.workspace_id, d.url, d.id FROM unnest(%s::bigint[], %s::varchar[]) AS t(w, u)
  JOIN links_destination d ON d.workspace_id = t.w AND md5(d.url) = md5(t.u)
"""
# Nothing of whoever is gone or erased is written down, also where that is done at this moment.
_KEEP_PERSONAL = """
WITH c AS (SELECT id FROM contacts_contact
            WHERE id = ANY(%s::bigint[]) AND erased_at IS NULL ORDER BY id FOR KEY SHARE)
INSERT INTO links_personal_destination (id, contact_id, url)
SELECT nextval(pg_get_serial_sequence('links_destination', 'id')), t.c, t.u
  FROM unnest(%s::bigint[], %s::varchar[]) AS t(c, u) JOIN c ON c.id = t.c ORDER BY 2, 3
ON CONFLICT (contact_id, md5(url)) DO NOTHING
"""
_FIND_PERSONAL = """
SELECT t.c, t.u, COALESCE(d.id, p.id) FROM unnest(%s::bigint[], %s::varchar[]) AS t(c, u)
  JOIN contacts_contact c ON c.id = t.c
  LEFT JOIN links_destination d ON d.workspace_id = c.workspace_id AND md5(d.url) = md5(t.u)
  LEFT JOIN links_personal_destination p ON p.contact_id = t.c AND md5(p.url) = md5(t.u)
 WHERE d.id IS NOT NULL OR p.id IS NOT NULL
"""
_MOST_KEPT = 20_000
_KEPT: dict[int, tuple[int, str]] = {}  # of this process
_WHERE = "SELECT workspace_id, url FROM links_destination WHERE id = %s"
_WHERE_PERSONAL = """
SELECT c.workspace_id, p.url FROM links_personal_destination p JOIN contacts_contact c ON c.id = p.contact_id
 WHERE p.id = %s
"""


def keep_destinations(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the number of each destination (workspace, address), written down where it is new.

    Two statements for all. What is_destination refuses has none. Committed with the caller's transaction.
    """
    asked = sorted({one for one in wanted if is_destination(one[1])})
    if not asked:
        return {}
    found = _found(_FIND, asked)
    if len(found) < len(asked):
        statements.run(_KEEP, _columns(asked))
        found = _found(_FIND, asked)
    return found


def keep_personal(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the number of each destination (contact, address) of one person, written down where it is new.

    One statement for all that are known, three where some are new. An address that a wording has for everybody is known
    by that. What is_destination refuses has none. Committed with the caller's transaction.
    """
    asked = sorted({one for one in wanted if is_destination(one[1])})
    if not asked:
        return {}
    found = _found(_FIND_PERSONAL, asked)
    if len(found) < len(asked):
        ids, urls = _columns([one for one in asked if one not in found])
        statements.run(_KEEP_PERSONAL, [ids, ids, urls])
        found = _found(_FIND_PERSONAL, asked)
    return found


def destination(number: int) -> tuple[int, str] | None:
    """Return the workspace and the address of a destination, which never change; None where it is gone."""
    kept = _KEPT.get(number)
    if kept is not None:
        return kept
    if rows := statements.run(_WHERE, [number]):
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        return _KEPT.setdefault(number, (rows[0][0], rows[0][1]))
    rows = statements.run(_WHERE_PERSONAL, [number])  # asked anew each time: it goes with its person
    return (rows[0][0], rows[0][1]) if rows else None


def is_kept(number: int) -> bool:
    """Say whether this process knows a destination without a query."""
    return number in _KEPT


def addresses_of(workspace_id: int, numbers: Collection[int]) -> dict[int, str]:
    """Return where destinations of a workspace lead, by their numbers, without those that are gone."""
    shared = Destination.objects.filter(workspace=workspace_id, pk__in=numbers)
    personal = PersonalDestination.objects.filter(contact__workspace=workspace_id, pk__in=numbers)
    return dict([*shared.values_list("pk", "url"), *personal.values_list("pk", "url")])


def _found(statement: str, asked: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    return {(whose, url): pk for whose, url, pk in statements.run(statement, _columns(asked))}


def _columns(pairs: Sequence[tuple[int, str]]) -> tuple[list[int], list[str]]:
    return [whose for whose, _ in pairs], [url for _, url in pairs]
