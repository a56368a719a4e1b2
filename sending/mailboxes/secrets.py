"""How a mailbox's secrets are sealed, and what each is bound to."""

from __future__ import annotations

from outreach.kit.crypto import SealBroken, instance_keyring, seal, unseal
from sending.smtp import Explanation

SMTP_PASSWORD = "smtp_password"  # noqa: S105  # the name of a field
IMAP_PASSWORD = "imap_password"  # noqa: S105  # the name of a field
REFRESH_TOKEN = "refresh_token"  # noqa: S105  # the name of a field
ACCESS_TOKEN = "access_token"  # noqa: S105  # the name of a field

LOST = Explanation(
    "The stored password cannot be opened.",
    "The key that sealed it is not among the keys of this instance (OUTREACH_CREDENTIAL_KEYS).",
    "Type the password again under “Edit”, or let the owner of the instance put the old key back.",
)


def context_of(mailbox_id: int, field: str) -> str:
    """Return what a secret is bound to, so that a ciphertext moved to another row cannot be opened."""
    return f"mailbox:{mailbox_id}:{field}"


def sealed(mailbox_id: int, field: str, secret: str) -> bytes:
    """Seal a secret of a mailbox for the field in which it is kept."""
    return seal(instance_keyring(), secret, context=context_of(mailbox_id, field))


def opened(mailbox_id: int, field: str, value: bytes | memoryview | None) -> str:
    """Open a secret of a mailbox. Raises SealBroken, also where there is none."""
    if value is None:
        raise SealBroken("nothing is stored")
    return unseal(instance_keyring(), bytes(value), context=context_of(mailbox_id, field))
