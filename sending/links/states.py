"""The states of a workspace's tracking domain, and what a look at it can find."""

from __future__ import annotations

from enum import StrEnum


class DomainState(StrEnum):
    """Where a tracking domain stands. What is found decides; a person only claims and removes it."""

    UNPROVEN = "unproven"  # it never worked yet: no message names it
    WORKS = "works"  # new messages lead over it
    BROKEN = "broken"  # it worked and does not now: new messages lead over the instance's host
    RETIRED = "retired"  # a person removed it: what is out is answered as long as its DNS points here


class Finding(StrEnum):
    """What the last look found."""

    NOTHING = ""  # nobody has looked yet
    DNS_MISSING = "dns_missing"  # there is no record
    DNS_WRONG = "dns_wrong"  # it leads somewhere else
    DNS_SILENT = "dns_silent"  # no answer, which says nothing about the record
    NO_ANSWER = "no_answer"  # it leads here, and nothing answers
    CERTIFICATE = "certificate"  # there is no TLS that a reader's browser would accept
    ELSEWHERE = "elsewhere"  # something answers, and it is not this instance
    WORKS = "works"


# The name is not what is wrong: the proxy may ask for a certificate.
POINTS_HERE = frozenset({Finding.NO_ANSWER, Finding.CERTIFICATE, Finding.ELSEWHERE, Finding.WORKS})
LEADS_AWAY = frozenset({Finding.DNS_MISSING, Finding.DNS_WRONG})
