"""Ask the DNS for a check of a domain: every question once, all of them within a time, and trouble told as trouble."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from outreach.kit.resolving import make_resolver
from sending.domains.judging.asking import Answer, Kind

log = logging.getLogger(__name__)

_ONE_S, _ALL_S = 5.0, 45.0  # one question, all questions of a check
_MOST_ASKED = 200
_MOST_RECORDS = 50
_MOST_CHARS = 10_000  # of a record


@dataclass(slots=True)
class DnsAsker:
    """Answers the judges out of the DNS. Not for two threads."""

    resolver: dns.resolver.Resolver = field(default_factory=lambda: make_resolver())  # noqa: PLW0108  # looked up when it is called
    _known: dict[tuple[str, Kind], Answer] = field(default_factory=dict)
    _until: float = field(default_factory=lambda: time.monotonic() + _ALL_S)

    def __call__(self, name: str, kind: Kind) -> Answer:
        """Return what the DNS says about a name; the second time what it said the first time."""
        key = name.lower(), kind
        if key not in self._known:
            self._known[key] = self._asked(name, kind)
        return self._known[key]

    def _asked(self, name: str, kind: Kind) -> Answer:
        left = self._until - time.monotonic()
        if left <= 0 or len(self._known) >= _MOST_ASKED:
            return Answer(trouble="the check asked for too much, and was ended")
        try:
            found = self.resolver.resolve(
                name, kind, lifetime=min(_ONE_S, left), search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return Answer(has_name=False)
        except dns.resolver.NoNameservers:
            return Answer(trouble=f"the name servers of {name} failed")
        except dns.exception.Timeout:
            return Answer(trouble=f"nobody answered about {name} in time")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            # ValueError: a name that no question can be made of, as records of strangers may hold
            log.info("domains.question_failed kind=%s error=%s", kind, type(error).__name__)
            return Answer(trouble=f"the question about {name[:80]} failed")
        rows = list(found)[:_MOST_RECORDS] if found.rrset is not None else []
        return Answer(tuple(_text_of(one)[:_MOST_CHARS] for one in rows))


def _text_of(record: dns.rdata.Rdata) -> str:
    match record:
        case TXT():
            return b"".join(record.strings).decode("utf-8", "replace")
        case MX():
            return f"{record.preference} {_plain(record.exchange)}"
        case _:
            return record.to_text().rstrip(".").lower()


def _plain(name: dns.name.Name) -> str:
    """Return a name without the dot at its end, the root as "."."""
    return name.to_text(omit_final_dot=True).lower()
