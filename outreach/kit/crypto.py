"""Secrets at rest: sealed with Fernet (AES-128-CBC and HMAC-SHA256), bound to the place where they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from outreach.env import env


class SealBroken(ValueError):  # what happened, in the words of the trade
    """A sealed value that none of our keys opens, or that was made for another place."""


class Keyring:
    """The keys of an instance, the newest first: it seals, the others only open."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take url-safe base64 keys of 32 bytes. Raises ValueError when there is none or one is malformed."""
        if not keys:
            raise ValueError("a keyring needs at least one key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, content: bytes) -> bytes:
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken("no key of this instance opens it") from error


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
