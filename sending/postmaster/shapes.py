"""What a provider's file comes to: days of a domain, spans of an address, and each line that was refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Source(StrEnum):
    """Whose file it is, and in which form."""

    GOOGLE_CSV = "google_csv"  # a table with a date and a spam rate
    GOOGLE_V1 = "google_v1"  # trafficStats of the API, ended by Google in favour of v2
    GOOGLE_V2 = "google_v2"  # domainStats of the API
    SNDS = "snds"  # data.aspx, or the export of "View data"


SOURCE_WORDS: Mapping[Source, str] = {
    Source.GOOGLE_CSV: "Google Postmaster Tools (CSV)",
    Source.GOOGLE_V1: "Google Postmaster Tools (API v1)",
    Source.GOOGLE_V2: "Google Postmaster Tools (API v2)",
    Source.SNDS: "Microsoft SNDS",
}


class Filter(StrEnum):
    """What Outlook.com's filter made of an address's mail: of it was spam less than 10 %, up to 90 %, more."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


@dataclass(frozen=True, slots=True)
class DomainDay:
    """What Google reports of a domain's mail to Gmail on one day (UTC); None or empty: the file does not say.

    Rates lie between 0 and 1. spam_rate: of the mail in inboxes that DKIM proves, how much people reported; of how
    many messages Google never says. spam_low, spam_high: its 95 % interval, where given.
    """

    domain: str  # A-labels, lower case
    day: date
    spam_rate: float | None = None
    spam_low: float | None = None
    spam_high: float | None = None
    domain_reputation: str = ""  # HIGH, MEDIUM, LOW or BAD
    ip_reputations: Mapping[str, int] = field(default_factory=dict)  # addresses by reputation
    spf: float | None = None  # of what tried it, what passed
    dkim: float | None = None
    dmarc: float | None = None
    tls_in: float | None = None
    tls_out: float | None = None
    errors: Mapping[str, float] = field(default_factory=dict)  # refused by Gmail: by class and cause, of all mail


@dataclass(frozen=True, slots=True)
class AddressSpan:
    """What Microsoft reports of one sending address in one span of activity; None or "": the file does not say.

    begins, ends: as the file has them; it names no zone. complaint_rate lies between 0 and 1, of the recipients;
    complaint_below: the true one is smaller ("< 0.1%").
    """

    address: str
    begins: datetime
    ends: datetime
    rcpt_commands: int | None
    data_commands: int | None
    recipients: int | None
    filter_result: Filter
    complaint_rate: float | None
    complaint_below: bool
    trap_hits: int | None
    helo: str = ""
    mail_from: str = ""
    comments: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a file that was not taken: where it stands, why, and how it begins."""

    place: str  # "line 7", or a path in JSON
    cause: str
    original: str


@dataclass(frozen=True, slots=True)
class Report:
    """A file, read to its end: what it says, and all that was refused."""

    source: Source
    days: Sequence[DomainDay] = ()
    spans: Sequence[AddressSpan] = ()
    refused: Sequence[Refusal] = ()
