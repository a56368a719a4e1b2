"""How a mailbox's secrets are sealed: the keys of this instance, and what each secret is bound to."""

from __future__ import annotations

from functools import cache

from outreach.env import env
from outreach.kit.crypto import Keyring
from sending.smtp import Explanation

SMTP_PASSWORD = "smtp_password"  # noqa: S105  # the name of a field
IMAP_PASSWORD = "imap_password"  # noqa: S105  # the name of a field

LOST = Explanation(
    "The stored password cannot be opened.",
    "The key that sealed it is not among the keys of this instance (OUTREACH_CREDENTIAL_KEYS).",
    "Type the password again under “Edit”, or let the owner of the instance put the old key back.",
)


@cache
def keyring() -> Keyring:
    """Return the keys of this instance, the newest first."""
    return Keyring(env().credential_keys)


def context_of(mailbox_id: int, field: str) -> str:
    """Return what a secret is bound to, so that a ciphertext moved to another row cannot be opened."""
    return f"mailbox:{mailbox_id}:{field}"
