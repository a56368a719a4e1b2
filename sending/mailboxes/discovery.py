"""Find the provider of an address: by its domain, else by the mail exchangers of the domain, else by a guess."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from outreach.kit.addresses import parse_address
from outreach.kit.resolving import make_resolver
from sending.mailboxes.presets import Preset, by_domain, by_exchangers, guess_for

log = logging.getLogger(__name__)

# A person waits; one question is asked, whatever comes of it.
LOOKUP_S = 3.0
_MOST_EXCHANGERS = 10


class How(StrEnum):
    """How a provider was found."""

    DOMAIN = "domain"  # the address is one of the provider's own
    EXCHANGER = "exchanger"  # the mail of the domain goes to the provider
    GUESS = "guess"  # nothing is known


@dataclass(frozen=True, slots=True)
class Found:
    """The servers for an address, and why they are believed to be right, in words."""

    address: str
    preset: Preset
    how: How
    words: str


class Unanswered(Exception):
    """Nobody told the mail exchangers of a domain; the words are for people."""


def discover(text: str) -> Found:
    """Return the servers for an address; asks at most one question of the DNS. Raises BadAddress."""
    address = parse_address(text)
    name = address.key
    preset = by_domain(address.domain)
    if preset:
        return Found(name, preset, How.DOMAIN, f"Addresses at {address.domain} are accounts of {preset.name}.")
    try:
        hosts = exchangers_of(address.domain)
    except Unanswered as error:
        return Found(name, guess_for(address.domain), How.GUESS, str(error))
    preset = by_exchangers(hosts)
    if preset:
        return Found(name, preset, How.EXCHANGER, f"The mail of {address.domain} goes to {preset.name} ({hosts[0]}).")
    words = f"The mail of {address.domain} goes to {hosts[0]}, a server that is not known here."
    return Found(name, guess_for(address.domain), How.GUESS, words)


def exchangers_of(domain: str) -> list[str]:
    """Return the mail exchangers of a domain, the preferred first. Raises Unanswered, never later than LOOKUP_S."""
    try:
        answer = make_resolver().resolve(domain, "MX", lifetime=LOOKUP_S, search=False)
    except dns.resolver.NXDOMAIN as error:
        raise Unanswered(f"The domain {domain} does not exist; look for a typing error in the address.") from error
    except dns.resolver.NoAnswer as error:
        raise Unanswered(f"{domain} names no server for its mail (it has no MX record).") from error
    except (dns.exception.DNSException, OSError) as error:
        log.warning("mailboxes.lookup_failed error=%s", type(error).__name__)
        raise Unanswered(f"The DNS did not tell in time where the mail of {domain} goes.") from error
    records = [record for record in answer if isinstance(record, MX)]
    ranked = sorted((record.preference, record.exchange.to_text(omit_final_dot=True).lower()) for record in records)
    hosts = [host for _, host in ranked if host not in {"", "."}]
    if not hosts:  # "0 .", RFC 7505
        raise Unanswered(f"{domain} says that it takes no mail at all (a null MX record).")
    return hosts[:_MOST_EXCHANGERS]
