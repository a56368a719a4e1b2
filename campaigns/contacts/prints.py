"""The prints of erased people's addresses: what they are known again by, and nothing else of them is left."""

from __future__ import annotations

from campaigns.contacts.states import SuppressionScope
from outreach.kit.crypto import instance_keyring

_PURPOSE = "erased addresses"


def prints_of(workspace_id: int, key: str) -> tuple[str, ...]:
    """Return the prints of an email_key in a workspace, by each key of the instance, the newest first."""
    return instance_keyring().prints(f"{workspace_id}:{key}", purpose=_PURPOSE)


def erased_keys(workspace_id: int, key: str) -> list[tuple[str, str]]:
    """Return the suppressions (scope, value) that say that the address was erased."""
    return [(SuppressionScope.ERASED.value, print_) for print_ in prints_of(workspace_id, key)]
