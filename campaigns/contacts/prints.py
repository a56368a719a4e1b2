"""The prints of addresses: what erased people are known again by, and those who refuse one sender of a workspace."""

from __future__ import annotations

from collections.abc import Iterable

from campaigns.contacts.states import SuppressionScope
from outreach.kit.crypto import instance_keyring

_PURPOSE = "erased addresses"
_REFUSING = "addresses that refuse a sender"


def prints_of(workspace_id: int, key: str) -> tuple[str, ...]:
    """Return the prints of an email_key in a workspace, by each key of the instance, the newest first."""
    return instance_keyring().prints(f"{workspace_id}:{key}", purpose=_PURPOSE)


def erased_keys(workspace_id: int, key: str) -> list[tuple[str, str]]:
    """Return the suppressions (scope, value) that say that the address was erased."""
    return [(SuppressionScope.ERASED.value, print_) for print_ in prints_of(workspace_id, key)]


def refusing_prints(workspace_id: int, key: str) -> tuple[str, ...]:
    """Return what an email_key is known by among those who refuse a sender, by each key, the newest first."""
    return instance_keyring().prints(f"{workspace_id}:{key}", purpose=_REFUSING)


def refusal_value(print_: str, sender: str) -> str:
    """Return the value of a suppression by which an address, by its print, gets nothing from a sender's address."""
    return f"{print_}:{sender.lower()}"


def refusal_keys(workspace_id: int, key: str, senders: Iterable[str]) -> list[tuple[str, str]]:
    """Return the suppressions (scope, value) one of which says that an address wants nothing from these senders."""
    prints = refusing_prints(workspace_id, key)
    return [(SuppressionScope.SENDER.value, refusal_value(one, sender)) for sender in senders for one in prints]
