"""Open the keys that sign now, for whoever builds messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from outreach.kit import statements
from outreach.kit.addresses import domain_and_parents
from outreach.kit.crypto import SealBroken, instance_keyring, seal, unseal
from sending.domains.models import DomainKey
from sending.smtp.dkim import SigningKey

_SIGNING = """
SELECT workspace_id, domain, selector, private_key
  FROM domains_key WHERE state = 'signing' AND workspace_id = ANY(%s::bigint[])
"""


class KeyLost(Exception):
    """A signing key that no key of this instance opens; the words are for people."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """The keys of some workspaces, opened when they are asked for."""

    _sealed: dict[tuple[int, str], tuple[str, bytes]]

    def key_for(self, workspace_id: int, address: str) -> SigningKey | None:
        """Return the key that signs for an address: that of its domain, else of the nearest domain above it.

        A domain above it is aligned, too (RFC 9989, relaxed alignment). None where nothing is signed here. Raises
        KeyLost.
        """
        if not self._sealed:
            return None
        for domain in domain_and_parents(address.rpartition("@")[2].lower()):
            if found := self._sealed.get((workspace_id, domain)):
                return _opened(workspace_id, domain, *found)
        return None


def signatures_of(workspace_ids: Iterable[int]) -> Signatures:
    """Return the keys that sign now in these workspaces, in one query."""
    rows = statements.run(_SIGNING, [sorted(set(workspace_ids))])
    return Signatures({(workspace_id, domain): (selector, bytes(key)) for workspace_id, domain, selector, key in rows})


def sealed(workspace_id: int, key: SigningKey) -> bytes:
    """Seal a private key for its row."""
    return seal(instance_keyring(), key.private_pem, context=_context(workspace_id, key.domain, key.selector))


def opened(row: DomainKey) -> SigningKey:
    """Open a stored key. Raises KeyLost."""
    return _opened(row.workspace_id, row.domain, row.selector, bytes(row.private_key))


@lru_cache(maxsize=512)
def _opened(workspace_id: int, domain: str, selector: str, private_key: bytes) -> SigningKey:
    try:
        pem = unseal(instance_keyring(), private_key, context=_context(workspace_id, domain, selector))
    except SealBroken as error:
        raise KeyLost(
            f"The signing key of {domain} cannot be opened: the key that sealed it is not among the keys of this "
            "instance (OUTREACH_CREDENTIAL_KEYS). Put that back, or make a new signing key."
        ) from error
    return SigningKey(domain, selector, pem)


def _context(workspace_id: int, domain: str, selector: str) -> str:
    return f"domain:{workspace_id}:{domain}:{selector}"
