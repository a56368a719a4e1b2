"""The one resolver of DNS names that rooms ask themselves."""

from __future__ import annotations

import dns.resolver


def make_resolver() -> dns.resolver.Resolver:
    """Return a resolver as this machine is configured."""
    return dns.resolver.Resolver()
