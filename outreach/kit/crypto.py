"""Secrets at rest: sealed with Fernet (AES-128-CBC and HMAC-SHA256), bound to the place where they stand."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from functools import cache
from hmac import digest

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outreach.env import env


class SealBroken(ValueError):  # what happened, in the words of the trade
    """A sealed value that none of our keys opens, or that was made for another place."""


Derive = Callable[[bytes, bytes], bytes]


class Keyring:
    """The keys of an instance, the newest first: it seals, the others only open."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take url-safe base64 keys of 32 bytes. Raises ValueError when there is none or one is malformed."""
        if not keys:
            raise ValueError("a keyring needs at least one key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._derived: dict[tuple[Derive, str], tuple[bytes, ...]] = {}
        self._secrets = tuple(urlsafe_b64decode(key) for key in keys)

    def seal(self, content: bytes) -> bytes:
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken("no key of this instance opens it") from error

    def prints(self, text: str, *, purpose: str) -> tuple[str, ...]:
        """Return what a text is known again by where it may not stand: 32 hex digits by each key, the newest first.

        Only who has the key can make them, and those of two purposes have nothing in common. A print is stored by the
        newest key and looked for by all; it is lost with its key.
        """
        return tuple(
            digest(key, text.encode(), "sha256").hex()[:32]
            for key in self._each(_by_digest, f"outreach prints: {purpose}")
        )

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Return a key of 32 bytes for a purpose from each key, the newest first (HKDF, RFC 5869).

        Those of two purposes tell nothing of each other, nor of the key that they come from.
        """
        return self._each(_by_hkdf, f"outreach {purpose}")

    def _each(self, derive: Derive, info: str) -> tuple[bytes, ...]:
        """Return what is derived from each key; reckoned once."""
        known = self._derived.get((derive, info))
        if known is None:
            known = self._derived[derive, info] = tuple(derive(secret, info.encode()) for secret in self._secrets)
        return known


def _by_hkdf(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret)


def _by_digest(secret: bytes, info: bytes) -> bytes:
    return digest(secret, info, "sha256")


@cache
def instance_keyring() -> Keyring:
    """Return the keys of this instance, the newest first."""
    return Keyring(env().credential_keys)


def new_key() -> str:
    """Return a fresh key for a keyring."""
    return Fernet.generate_key().decode()


def seal(keys: Keyring, plaintext: str, *, context: str) -> bytes:
    """Seal a secret for its place. `context` ("mailbox:17:smtp_password") is sealed in with it."""
    return keys.seal(json.dumps([context, plaintext]).encode())


def unseal(keys: Keyring, sealed: bytes, *, context: str) -> str:
    """Open a secret. Raises SealBroken when it was made for another place: rows cannot be swapped."""
    made_for, plaintext = json.loads(keys.open(sealed))
    if made_for != context:
        raise SealBroken("it was sealed for another place")
    return str(plaintext)


def reseal(keys: Keyring, sealed: bytes, *, context: str) -> bytes:
    """Seal a secret anew with the newest key."""
    return seal(keys, unseal(keys, sealed, context=context), context=context)
