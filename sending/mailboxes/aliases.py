"""Which mailboxes are one to whoever gets their mail: addresses of one account."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from outreach.kit import statements

# Each row once, put together here: to join all mailboxes of a workspace with each other takes the square of them, and
# this is asked behind the gate.
_ACCOUNTS = """
SELECT id, lower(address), workspace_id, lower(imap_host), lower(imap_username)
  FROM mailboxes_mailbox
 WHERE workspace_id = ANY(%s::bigint[])
"""


def aliases_of(workspace_ids: Collection[int]) -> Mapping[int, Mapping[int, str]]:
    """Return, of each mailbox of the workspaces, the mailboxes that are one with it, itself too: id -> address.

    Those that are read from one account with one name are one mailbox with several addresses.
    """
    accounts: dict[tuple[int, str, str], dict[int, str]] = {}
    found = {}
    for pk, address, *account in statements.run(_ACCOUNTS, [sorted(set(workspace_ids))]):
        found[pk] = accounts.setdefault(tuple(account), {})
        found[pk][pk] = address
    return found
