"""Ask the DNS where a tracking domain leads: aliases and addresses, or that nobody knows at the moment."""

from __future__ import annotations

import logging
import time

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from outreach.kit.resolving import make_resolver
from sending.links.hosts.core import Pointing

log = logging.getLogger(__name__)

_LOOKUP_S = 6.0  # for all questions about one name
_MOST_ALIASES = 8


def look_up(host: str) -> Pointing:
    """Return where a name leads; some questions at most, never longer than 6 s."""
    asking = _Asking()
    try:
        aliases: list[str] = []
        while len(aliases) < _MOST_ALIASES:
            found = [one for one in asking.of(aliases[-1] if aliases else host, "CNAME") if isinstance(one, CNAME)]
            if not found:
                break
            aliases.append(found[0].target.to_text(omit_final_dot=True).lower())
        addresses = [one.address for one in asking.of(host, "A") if isinstance(one, A)]
        addresses += [one.address for one in asking.of(host, "AAAA") if isinstance(one, AAAA)]
    except (dns.exception.DNSException, OSError) as error:
        log.warning("links.lookup_failed error=%s", type(error).__name__)
        return Pointing(is_known=False)
    return Pointing(tuple(aliases), tuple(addresses))


class _Asking:
    """Questions that share one deadline."""

    def __init__(self) -> None:
        self._resolver = make_resolver()
        self._ends = time.monotonic() + _LOOKUP_S

    def of(self, name: str, kind: str) -> list[object]:
        """Return the records of a name, none where there are none. Raises DNSException where nobody says."""
        lifetime = max(self._ends - time.monotonic(), 0.01)
        try:
            return list(self._resolver.resolve(name, kind, lifetime=lifetime, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
