"""The one resolver of DNS names that rooms ask themselves: this machine's, or the name servers of OUTREACH_DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import dns.asyncresolver
import dns.nameserver
import dns.resolver

from outreach.env import NameServer, env

# EDNS (RFC 6891) with the size of DNS Flag Day 2020: larger answers are cut, and asked for again over TCP.
_PAYLOAD_BYTES = 1232
R = TypeVar("R", bound=dns.resolver.BaseResolver)


def make_resolver() -> dns.resolver.Resolver:
    """Return a resolver that asks in this thread."""
    return _set_up(dns.resolver.Resolver(configure=not env().dns), env().dns)


def make_async_resolver() -> dns.asyncresolver.Resolver:
    """Return a resolver for many questions at once in an event loop."""
    return _set_up(dns.asyncresolver.Resolver(configure=not env().dns), env().dns)


def _set_up(resolver: R, servers: Sequence[NameServer]) -> R:
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(one.address, one.port) for one in servers]
    resolver.use_edns(0, 0, _PAYLOAD_BYTES)
    return resolver
