"""The checker of our signatures: dkimpy, with a DNS that knows one record."""

from __future__ import annotations

import dkim

from sending.smtp.dkim import SigningKey, record_of


def verifies(signed: bytes, key: SigningKey) -> bool:
    """Say whether a message verifies where the key's record is published."""
    record = record_of(key)

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name.rstrip(b".").decode() == record.name
        return record.value.encode()

    return bool(dkim.verify(signed, dnsfunc=look_up))
