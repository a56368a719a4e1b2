"""What is known of the addresses of people that a claim, an explanation or a forecast asks about."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from campaigns.contacts.core.kinds_of_address import is_disposable, is_role
from campaigns.contacts.core.mail_domains import DomainVerdict, Known
from campaigns.contacts.core.verdicts import domain_words
from campaigns.contacts.queries import known_domains
from sending.pacing import AddressFacts
from sending.pacing.gates import NOTHING_AGAINST

_TAKES_NONE = frozenset({DomainVerdict.NO_MAIL, DomainVerdict.DOUBTED})


class Addresses:
    """The domains of some people, asked for at once; what was never looked up speaks against nobody."""

    def __init__(self, domains: Collection[str]) -> None:
        self._known: Mapping[str, Known] = known_domains(domains)

    def facts(self, email_key: str, domain: str, *, skips_roles: bool) -> AddressFacts:
        """Return what speaks against an address in a campaign that leaves roles out, or does not."""
        known = self._known.get(domain)
        takes_none = known is not None and known.verdict in _TAKES_NONE
        disposable = is_disposable(domain)
        local = email_key.rpartition("@")[0]
        role = skips_roles and is_role(local)
        if not (takes_none or disposable or role):
            return NOTHING_AGAINST
        doubted = known is not None and known.verdict is DomainVerdict.DOUBTED
        return AddressFacts(
            no_mail=f"{domain_words(domain, known)} Looked up on {known.checked_at:%d %B %Y}."
            if takes_none and known
            else "",
            doubted_until=known.look_at if known and doubted else None,
            disposable=f"Addresses at {domain} are made to be thrown away." if disposable else "",
            role=f"{email_key} is an office's address, and the campaign leaves those out." if role else "",
        )
