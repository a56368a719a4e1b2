"""The print of an address: what somebody is known again by where no address may stand."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from outreach.env import env


def person_print(email_key: str) -> str:
    """Return 24 hex digits that only this instance can make of the address, since its secret key goes into them."""
    return hashlib.blake2b(email_key.encode(), digest_size=12, key=_secret(env().secret_key)).hexdigest()


@lru_cache(maxsize=2)
def _secret(key: str) -> bytes:
    return hashlib.sha256(f"prints of addresses {key}".encode()).digest()
