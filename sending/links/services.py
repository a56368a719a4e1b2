"""Write down where links lead."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from outreach.kit import statements
from sending.links.core import is_destination

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
_WHERE = "SELECT workspace_id, url FROM links_destination WHERE id = %s"


def keep_destinations(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the number of each destination (workspace, address), written down where it is new.

    Two statements for all. What is_destination refuses has none. Committed with the caller's transaction.
    """
    asked = sorted({one for one in wanted if is_destination(one[1])})
    if not asked:
        return {}
    values: Sequence[list[int] | list[str]] = [[workspace_id for workspace_id, _ in asked], [url for _, url in asked]]
    found = _found(values)
    if len(found) < len(asked):
        statements.run(_KEEP, values)
        found = _found(values)
    return found


def destination(number: int) -> tuple[int, str] | None:
    """Return the workspace and the address of a destination, which never change; None where it is gone."""
    try:
        return _destination(number)
    except LookupError:
        return None


@lru_cache(maxsize=20_000)
def _destination(number: int) -> tuple[int, str]:
    rows = statements.run(_WHERE, [number])
    if not rows:
        raise LookupError(number)  # not kept: only what is there stays
    return rows[0][0], rows[0][1]


def _found(values: Sequence[list[int] | list[str]]) -> dict[tuple[int, str], int]:
    return {(workspace_id, url): pk for workspace_id, url, pk in statements.run(_FIND, values)}
