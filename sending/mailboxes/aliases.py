"""Which mailboxes are one to whoever gets their mail: addresses of one account."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from outreach.kit import statements

# Those that are read from one account with one name are one mailbox with several addresses.
_ALIASES = """
SELECT m.id, array_agg(o.id), array_agg(lower(o.address))
  FROM mailboxes_mailbox m
  JOIN mailboxes_mailbox o
    ON o.workspace_id = m.workspace_id
   AND (o.id = m.id OR lower(o.imap_host) = lower(m.imap_host) AND lower(o.imap_username) = lower(m.imap_username))
 WHERE m.workspace_id = ANY(%s::bigint[])
 GROUP BY m.id
"""


def aliases_of(workspace_ids: Collection[int]) -> Mapping[int, Mapping[int, str]]:
    """Return, of each mailbox of the workspaces, the mailboxes that are one with it, itself too: id -> address."""
    rows = statements.run(_ALIASES, [sorted(set(workspace_ids))])
    return {pk: dict(zip(ids, addresses, strict=True)) for pk, ids, addresses in rows}
