"""What a report says, in one form for all reporters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature that was looked at: d=, s= ("" where the reporter does not say), and the result."""

    domain: str
    selector: str
    result: str


@dataclass(frozen=True, slots=True)
class SpfResult:
    """What SPF gave for a domain; scope: mfrom, helo or ""."""

    domain: str
    scope: str
    result: str


@dataclass(frozen=True, slots=True)
class Row:
    """Messages of one source that were judged alike. dkim, spf: whether it passed and was aligned."""

    source: str  # an IP address
    count: int
    disposition: str  # none, pass, quarantine, reject; "" where the reporter says something else
    dkim: bool
    spf: bool
    header_from: str  # the domain in From
    envelope_from: str  # the domain of MAIL FROM, or of HELO
    signatures: tuple[Signature, ...] = ()
    spf_results: tuple[SpfResult, ...] = ()
    overrides: tuple[str, ...] = ()  # why the receiver did otherwise than the policy says, by their types

    @property
    def is_aligned(self) -> bool:
        """Say whether the messages passed DMARC."""
        return self.dkim or self.spf


@dataclass(frozen=True, slots=True)
class Published:
    """The policy as the receiver found it; "" where it does not say. domain: where the record stands."""

    domain: str
    p: str = ""
    sp: str = ""
    np: str = ""
    adkim: str = ""
    aspf: str = ""
    testing: str = ""
    pct: str = ""
    discovery: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A DMARC aggregate report (RFC 9990, or RFC 7489 appendix C). skipped: records that could not be read."""

    org: str
    report_id: str
    begins: datetime
    ends: datetime
    policy: Published
    rows: tuple[Row, ...]
    skipped: int = 0
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """Sessions that failed alike (RFC 8460 section 4.3)."""

    result: str  # starttls-not-supported, certificate-expired, sts-policy-invalid, ...
    receiving_mx: str
    sessions: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How sessions to one domain went under one policy. kind: sts, tlsa, no-policy-found."""

    domain: str
    kind: str
    successes: int
    failures: int
    details: tuple[TlsFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsReport:
    """An SMTP TLS report (RFC 8460)."""

    org: str
    report_id: str
    begins: datetime
    ends: datetime
    policies: tuple[TlsPolicy, ...]


Report = Aggregate | TlsReport
