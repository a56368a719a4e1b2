"""API keys as text: what they may do, how one is made, read and compared. Knows no database."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a program may do with a key; the role of the key says how far."""

    CONTACTS_READ = "contacts:read"  # contacts, lists, tags and imports
    CONTACTS_WRITE = "contacts:write"
    CAMPAIGNS_READ = "campaigns:read"  # what is written and planned, and the library
    CAMPAIGNS_WRITE = "campaigns:write"
    LAUNCH_WRITE = "launch:write"  # apart: a key that writes campaigns does not send them
    INBOX_READ = "inbox:read"  # conversations, with every mail of them
    INBOX_WRITE = "inbox:write"  # what a team does with them, answers among it
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"


SCOPE_WORDS: Mapping[Scope, str] = {
    Scope.CONTACTS_READ: "Read contacts, lists, tags and imports",
    Scope.CONTACTS_WRITE: "Import, add, change and delete contacts, lists and tags",
    Scope.CAMPAIGNS_READ: "Read campaigns, templates and snippets",
    Scope.CAMPAIGNS_WRITE: "Make and change campaigns, templates and snippets",
    Scope.LAUNCH_WRITE: "Launch, pause, resume, stop and archive campaigns",
    Scope.INBOX_READ: "Read conversations and their mails",
    Scope.INBOX_WRITE: "Label, assign, snooze and answer conversations",
    Scope.SUPPRESSIONS_READ: "Read who is never written to",
    Scope.SUPPRESSIONS_WRITE: "Suppress addresses and domains, and lift suppressions",
}
# How a key looks: found by scanners of leaked secrets, and by the filter of our own log.
SHAPE = re.compile(r"okey_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_NOBODY = hashlib.sha256(b"nobody's key").hexdigest()


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A key as it is shown, once; and what is kept of it."""

    text: str  # "okey_<public>_<43 characters>"
    public: str  # 12 hexadecimal digits, by which it is found and told apart
    digest: str  # SHA-256 of the whole text: 256 random bits need no slow hash


def new_secret() -> NewSecret:
    """Make a key of 256 random bits."""
    public = secrets.token_hex(6)
    text = f"okey_{public}_{secrets.token_urlsafe(32)}"
    return NewSecret(text, public, digest_of(text))


def public_part(text: str) -> str:
    """Return the public part of a key, "" for what is not written like one."""
    shaped = SHAPE.fullmatch(text)
    return shaped[1] if shaped else ""


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fits(text: str, digest: str | None) -> bool:
    """Say whether the text is the key of this digest, in the same time whether it is and whether there is one."""
    return hmac.compare_digest(digest_of(text), digest or _NOBODY) and digest is not None
