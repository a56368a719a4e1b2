"""Ask the DNS for the record of a signing key: it is there, it is not, or nobody knows at the moment."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from outreach.kit.resolving import make_resolver
from sending.smtp.dkim import SigningKey, is_published, record_of

log = logging.getLogger(__name__)

_LOOKUP_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS says about a key. is_there is None where it said nothing that counts."""

    is_there: bool | None
    words: str


def look_up(key: SigningKey) -> Answer:
    """Look the key's record up; at most one question, never longer than 5 s."""
    name = record_of(key).name
    try:
        found = make_resolver().resolve(name, "TXT", lifetime=_LOOKUP_S, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Answer(is_there=False, words=f"There is no TXT record at {name}.")
    except (dns.exception.DNSException, OSError) as error:
        log.warning("domains.lookup_failed error=%s", type(error).__name__)
        return Answer(is_there=None, words=f"The DNS gave no answer about {name}; that says nothing about the record.")
    values = [b"".join(record.strings).decode("utf-8", "replace") for record in found if isinstance(record, TXT)]
    if any(is_published(key, value) for value in values):
        return Answer(is_there=True, words=f"The record at {name} is the right one.")
    return Answer(is_there=False, words=f"The record at {name} is another one: {'; '.join(values)[:120]}")
