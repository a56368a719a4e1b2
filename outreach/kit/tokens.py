"""Tokens in the addresses that we hand out: short, signed, made for one purpose, and with nothing to read in them.

A token is base64url(key id, numbers, signature). Whoever asks learns nothing from a wrong one: whatever is wrong
with it, the same work is done and the same answer given.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from functools import cache
from hmac import compare_digest, digest

from outreach.kit.crypto import Keyring, instance_keyring

SIGNATURE_BYTES = 16
LONGEST = 80  # characters: three numbers of 63 bits make 60
_KEY_ID = "token key id"
_FOREIGN = bytes(SIGNATURE_BYTES + 2)


class Signer:
    """Signs by the newest key of a ring, and knows again what any of its keys has signed."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._ids = tuple(key[0] for key in ring.derived(_KEY_ID))

    def sign(self, purpose: str, *numbers: int) -> str:
        """Return the token of some numbers (0 to 2**63 - 1) for a purpose: the same at each call."""
        signed = bytes([self._ids[0]]) + b"".join(map(_packed, numbers))
        return _text(signed + _signature(self._keys(purpose)[0], signed))

    def read(self, purpose: str, token: str, *, count: int) -> tuple[int, ...] | None:
        """Return the numbers of a token of ours for this purpose; None for anything else, whatever it is."""
        raw = _bytes(token)
        signed, given = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        keys = self._keys(purpose)
        # Of two keys with one id both are tried; of a foreign id one, so that it takes as long.
        tried = [key for pk, key in zip(self._ids, keys, strict=True) if pk == signed[0]] or [keys[0]]
        is_ours = any(compare_digest(_signature(key, signed), given) for key in tried)
        numbers = _unpacked(signed[1:])
        return numbers if is_ours and len(numbers) == count else None

    def _keys(self, purpose: str) -> tuple[bytes, ...]:
        return self._ring.derived(f"token: {purpose}")


@cache
def instance_signer() -> Signer:
    """Return what signs and reads the tokens of this instance."""
    return Signer(instance_keyring())


def _signature(key: bytes, signed: bytes) -> bytes:
    return digest(key, signed, "sha256")[:SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(token: str) -> bytes:
    """Return the bytes of a token; of what is none, some that nobody has signed."""
    token = token[: LONGEST + 1]
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Error, ValueError):
        return _FOREIGN
    # The last sign may have bits that stand for nothing: one spelling of each token is ours.
    return raw if len(raw) > SIGNATURE_BYTES and _text(raw) == token else _FOREIGN


def _packed(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first; all but the last have the highest bit set."""
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])


def _unpacked(packed: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number, shift = 0, 0
    return tuple(numbers) if not shift else ()
