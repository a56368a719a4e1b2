"""What a check found: where it stands, what that means, and the record that mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What is looked at, in the order in which a page shows it."""

    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    RDNS = "rdns"
    MTA_STS = "mta_sts"
    TLS_RPT = "tls_rpt"
    BIMI = "bimi"
    BLOCKLISTS = "blocklists"


class Standing(StrEnum):
    """How a finding stands. UNKNOWN is never taken for bad: a resolver in trouble says nothing about a domain."""

    BAD = "bad"
    ADVICE = "advice"  # it works; better is possible
    UNKNOWN = "unknown"
    GOOD = "good"


# What a whole is called by its parts: the first of these that some part is.
_GRAVEST = (Standing.BAD, Standing.UNKNOWN, Standing.ADVICE, Standing.GOOD)


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish."""

    name: str
    value: str
    type: str = "TXT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. Its code stays when its words are changed, so that days can be compared."""

    check: Check
    code: str
    standing: Standing
    what: str  # a sentence
    why: str = ""  # what comes of it
    fix: str = ""  # what to do
    record: Record | None = None
    stops_cold: bool = False  # receivers refuse or distrust strangers' mail for it


@dataclass(frozen=True, slots=True)
class Judged:
    """One check with everything it found.

    found: the records that it read, as they stand in the DNS; at: the domain where they do, if it may be another.
    """

    check: Check
    findings: tuple[Finding, ...]
    found: tuple[str, ...] = ()
    at: str = ""

    @property
    def standing(self) -> Standing:
        return gravest(one.standing for one in self.findings)


def gravest(standings: Iterable[Standing]) -> Standing:
    """Return what a whole is called whose parts stand like that; without parts it is GOOD."""
    found = set(standings)
    return next((one for one in _GRAVEST if one in found), Standing.GOOD)
