"""What the addresses of a workspace's messages begin with: its domain while that works, else the instance's host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from outreach.kit import statements
from sending.links.addresses import host, leads_nowhere

_WORKING = """
SELECT workspace_id, host FROM links_tracking_domain
 WHERE state = 'works' AND workspace_id = ANY(%s::bigint[])
"""


def bases_of(workspace_ids: Iterable[int]) -> Mapping[int, str]:
    """Return what the addresses of each workspace begin with, "" where this instance has no tracking host.

    One query. Addresses that lead nowhere have the instance's host, without one.
    """
    bases = dict.fromkeys(workspace_ids, host())
    if bases and host() and not leads_nowhere():
        for workspace_id, name in statements.run(_WORKING, [sorted(bases)]):
            bases[workspace_id] = f"https://{name}"
    return bases


def base_of(workspace_id: int) -> str:
    """Return what the addresses of one workspace's messages begin with."""
    return bases_of([workspace_id])[workspace_id]
