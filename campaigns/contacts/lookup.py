"""Ask the DNS where the mail of domains goes: many at once, for a few seconds each; no mail server is ever asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from campaigns.contacts.core.mail_domains import DomainReason, Look, look_of

AT_ONCE = 32
LOOKUP_S = 6.0  # for one question, with its repetitions
_UNANSWERED = Look(DomainReason.UNANSWERED)
logger = logging.getLogger(__name__)


async def look_up_all(domains: Collection[str], resolver: dns.asyncresolver.Resolver) -> dict[str, Look]:
    """Return what the DNS says of each domain (lower-case A-labels); AT_ONCE are asked about at the same time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(domain: str) -> Look:
        async with gate:
            return await look_up(domain, resolver)

    looks = await asyncio.gather(*(one(domain) for domain in domains))
    silent = sum(look.reason is DomainReason.UNANSWERED for look in looks)
    if silent:
        logger.warning("contacts.lookups_unanswered", extra={"domains": len(looks), "unanswered": silent})
    return dict(zip(domains, looks, strict=True))


async def look_up(domain: str, resolver: dns.asyncresolver.Resolver) -> Look:
    """Return what the DNS says of a domain: three questions at most, and nothing but an answer counts as one."""
    try:
        return await _exchangers(domain, resolver) or await _addresses(domain, resolver)
    except dns.resolver.NXDOMAIN:
        return Look(DomainReason.NO_DOMAIN)
    except (dns.exception.DNSException, OSError):
        return _UNANSWERED


async def _exchangers(domain: str, resolver: dns.asyncresolver.Resolver) -> Look | None:
    """Return what the exchangers say; None where there are none."""
    answer = await _ask(domain, "MX", resolver)
    records = [(row.preference, row.exchange.to_text()) for row in answer if isinstance(row, MX)] if answer else []
    return look_of(records) if records else None


async def _addresses(domain: str, resolver: dns.asyncresolver.Resolver) -> Look:
    for kind in ("A", "AAAA"):
        if await _ask(domain, kind, resolver):
            return Look(DomainReason.ADDRESS)
    return Look(DomainReason.NO_SERVER)


async def _ask(domain: str, kind: str, resolver: dns.asyncresolver.Resolver) -> dns.resolver.Answer | None:
    """Return the records; None where the name exists and has none of this kind. Raises DNSException, OSError."""
    try:
        return await resolver.resolve(f"{domain}.", kind, lifetime=LOOKUP_S, search=False)
    except dns.resolver.NoAnswer:
        return None
