"""What is thought of an address: from its own text and from what is known of its domain."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from campaigns.contacts.core.kinds_of_address import is_disposable, is_free, is_role
from campaigns.contacts.core.mail_domains import DomainReason, DomainVerdict, Known
from campaigns.contacts.core.providers import GATEWAYS, LABELS, Provider


class AddressVerdict(StrEnum):
    """Whether mail to an address is likely to arrive; "" stands for an address that was never checked."""

    VALID = "valid"  # a person's, at a domain that names servers for its mail
    CATCH_ALL = "catch_all"  # its domain seems to take mail for any address (core.catch_all)
    RISKY = "risky"  # its domain has an address but no mail exchanger: often a web site alone
    ROLE = "role"  # an office's, not a person's
    UNKNOWN = "unknown"  # the DNS has not told, or has yet to say again that there is nothing
    DISPOSABLE = "disposable"  # made to be thrown away
    NO_MAIL = "no_mail"  # its domain takes no mail


VERDICT_LABELS: Mapping[str, str] = {
    AddressVerdict.VALID: "Valid",
    AddressVerdict.CATCH_ALL: "Takes any address",
    AddressVerdict.RISKY: "No mail server named",
    AddressVerdict.ROLE: "Role address",
    AddressVerdict.UNKNOWN: "Not known yet",
    AddressVerdict.DISPOSABLE: "Throw-away address",
    AddressVerdict.NO_MAIL: "Takes no mail",
    "": "Not checked",
}


def verdict_of(email_key: str, known: Known | None, *, takes_any: bool = False) -> AddressVerdict:
    """Return the verdict on an address; the worst of what speaks against it.

    takes_any: the domain was found to refuse nobody.
    """
    local, _, domain = email_key.rpartition("@")
    if known is not None and known.verdict is DomainVerdict.NO_MAIL:
        return AddressVerdict.NO_MAIL
    if is_disposable(domain):
        return AddressVerdict.DISPOSABLE
    if known is None or known.verdict is not DomainVerdict.MAIL:
        return AddressVerdict.UNKNOWN
    if is_role(local):
        return AddressVerdict.ROLE
    if known.reason is DomainReason.ADDRESS:
        return AddressVerdict.RISKY
    return AddressVerdict.CATCH_ALL if takes_any else AddressVerdict.VALID


def domain_words(domain: str, known: Known | None) -> str:
    """Return what is known of a domain's mail, as a sentence."""
    if known is None:
        return f"{domain} was not looked up yet."
    match known.reason:
        case DomainReason.MX:
            return f"The mail of {domain} goes to {_whose(known)}."
        case DomainReason.ADDRESS:
            return f"{domain} names no server for its mail; its own address would have to take it."
        case DomainReason.NULL_MX:
            return f"{domain} says that it takes no mail (a null MX record)."
        case DomainReason.NO_SERVER:
            found = f"{domain} names no server for its mail and has no address"
        case DomainReason.NO_DOMAIN:
            found = f"The domain {domain} does not exist"
        case DomainReason.UNANSWERED:
            return f"The DNS did not answer about {domain}; that says nothing about the address."
    return f"{found}." if known.verdict is DomainVerdict.NO_MAIL else f"{found}; it is looked up once more to be sure."


def address_words(email_key: str) -> list[str]:
    """Return what the text of an address tells, as sentences."""
    local, _, domain = email_key.rpartition("@")
    found = []
    if is_role(local):
        found.append(f"“{local}” names an office, not a person.")
    if is_disposable(domain):
        found.append(f"Addresses at {domain} are made to be thrown away.")
    elif is_free(domain):
        found.append(f"{domain} is a free provider: the domain tells nothing about a company.")
    if not local.isascii():
        found.append("Only servers that know SMTPUTF8 can carry it: it has letters beyond ASCII before the @.")
    return found


def _whose(known: Known) -> str:
    first = known.hosts[0] if known.hosts else ""
    provider = known.provider or Provider.OTHER
    if provider is Provider.OTHER:
        return first
    gate = ", which filters it for another server" if provider in GATEWAYS else ""
    return f"{LABELS[provider]} ({first}){gate}"
