"""The HTTP API of the room: reports of receivers in, sources and advice out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from ninja import File, Router, Schema, UploadedFile
from pydantic import Field

from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.problems import Problem
from outreach.rest.values import Cursor, DnsRecord, Limit, Page
from sending.dmarc.judging.sources import Judged
from sending.dmarc.models import DmarcReport
from sending.dmarc.queries import Day, Told, reports_of, told_of
from sending.dmarc.reading.errors import BadReport
from sending.dmarc.reading.packages import PACKED_LIMIT_BYTES
from sending.dmarc.reading.values import KEPT
from sending.dmarc.services import Way, take_file
from sending.domains.watched import watched_for

router = Router(tags=["sending domains"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadReport: lambda error: Problem(422, error.fault.value, str(error)),
}


Days = Annotated[int, Field(ge=1, le=KEPT.days, description="Of the past.")]


class ReportOut(Schema):
    """A report of a receiver about one domain."""

    id: int
    kind: str = Field(description="`aggregate` (DMARC) or `tls`.")
    organization: str
    report_id: str
    domain: str
    begins: datetime
    ends: datetime
    messages: int = Field(description="Of a TLS report: sessions.")
    passed: int
    skipped: int = Field(description="Records that were left out.")
    causes: list[str]
    mailbox: str = Field(description="Through which it came; empty where a file was given.")
    proof: str = Field(description="What that mailbox's server said of the sender: `passed`, `failed`, `unsaid`.")
    taken_at: datetime


class ReportTaken(ReportOut):
    """The same with what became of it."""

    known_before: bool
    words: str


class TakenOut(Schema):
    """The reports of one file: one, or of a TLS report one for each domain."""

    results: list[ReportTaken]


class SignedOut(Schema):
    """Signatures of a source, by selector and result."""

    domain: str
    selector: str
    result: str
    messages: int


class SourceOut(Schema):
    """An address that sent mail in the domain's name."""

    address: str
    origin: str = Field(description="`ours`, `provider`, `signer`, `forwarder` or `unknown`.")
    evidence: list[str]
    mailboxes: list[str] = Field(description="Of the workspace, which send in this way.")
    messages: int
    passed: int = Field(description="By SPF or DKIM, aligned.")
    dkim: int
    spf: int
    quarantined: int
    rejected: int
    reporters: list[str]
    first: date
    last: date
    signatures: list[SignedOut]


class ReportedDayOut(Schema):
    """One day (UTC)."""

    day: date
    messages: int
    passed: int
    reporters: int
    sent: int = Field(description="By mailboxes of the domain, to all receivers, on that day of the workspace's zone.")


class TlsOut(Schema):
    """Connections of one organization to the domain's mail exchangers."""

    organization: str
    policy: str
    successes: int
    failures: int


class AdviceOut(Schema):
    """Whether the policy can be made stricter."""

    next: str = Field(description="`trial` (p=quarantine; t=y), `quarantine`, `reject` or `done`.")
    is_safe: bool
    reasons: list[str]
    at_least: float | None = Field(description="The share of your mail that passes, with 95 % confidence.")
    record: DnsRecord | None


class SourcesOut(Schema):
    """What was reported of a domain in the last so many days."""

    since: date
    messages: int
    passed: int
    advice: AdviceOut
    sources: list[SourceOut] = Field(description="At most 5,000, those of the most messages first.")
    days: list[ReportedDayOut]
    tls: list[TlsOut]


@router.post(
    "/domains/reports",
    response=TakenOut,
    summary="Take a receiver's report in",
    **writes(WRITE, file_limit_bytes=PACKED_LIMIT_BYTES),
)
def dmarc_report_take(request: ApiRequest, file: File[UploadedFile]) -> Any:
    """Take in a DMARC aggregate report (XML) or a TLS report (JSON), as it is, as gzip or as ZIP; each once.

    422 with the name of the fault for anything else, and for a domain that no mailbox of the workspace sends from.
    """
    member = request.member
    taken = take_file(member.workspace, file.name or "", file.read(), Way(by=member.user))
    return {"results": [{**_report(one.report), "known_before": one.is_known, "words": one.words} for one in taken]}


@router.get("/domains/{int:domain_id}/reports", response=Page[ReportOut], summary="List reports", **reads(READ))
def dmarc_reports(request: ApiRequest, domain_id: int, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the reports about a sending domain, those taken in last first."""
    row = watched_for(request.member, domain_id)
    page = sliced(reports_of(request.member.workspace, row.domain), by="id", size=limit, cursor=cursor)
    return {"results": [_report(one) for one in page.rows], "next": page.next}


@router.get(
    "/domains/{int:domain_id}/reports/sources", response=SourcesOut, summary="See who sends as a domain", **reads(READ)
)
def dmarc_sources(request: ApiRequest, domain_id: int, days: Days = 30) -> Any:
    """Return each source with whose it is and why, the days, and whether the policy can be made stricter."""
    row = watched_for(request.member, domain_id)
    return _told(told_of(request.member.workspace, row, days=days))


def _report(row: DmarcReport) -> dict[str, Any]:
    names = ("report_id", "kind", "domain", "begins", "ends", "messages", "skipped", "causes", "proof", "taken_at")
    came = row.mailbox.address if row.mailbox else ""
    told = {"id": row.pk, "organization": row.org, "passed": row.aligned, "mailbox": came}
    return {**{name: getattr(row, name) for name in names}, **told}


def _told(told: Told) -> dict[str, Any]:
    record, advice = told.to_publish, told.advice
    return {
        "since": told.since, "messages": told.messages, "passed": told.aligned,
        "advice": {
            "next": advice.step, "is_safe": advice.is_safe, "reasons": advice.reasons, "at_least": advice.at_least,
            "record": {"name": record.name, "type": record.type, "value": record.value} if record else None,
        },
        "sources": [_source(one) for one in told.sources],
        "days": [_day(one) for one in told.days],
        "tls": [
            {"organization": one.org, "policy": one.kind, "successes": one.successes, "failures": one.failures}
            for one in told.tls
        ],
    }  # fmt: skip


def _day(one: Day) -> dict[str, Any]:
    names = ("day", "messages", "reporters", "sent")
    return {**{name: getattr(one, name) for name in names}, "passed": one.aligned}


def _source(one: Judged) -> dict[str, Any]:
    names = ("address", "messages", "dkim", "spf", "quarantined", "rejected", "reporters", "first", "last")
    signatures = [
        {"domain": signed.domain, "selector": signed.selector, "result": signed.result, "messages": signed.messages}
        for signed in one.selectors
    ]
    return {
        **{name: getattr(one.source, name) for name in names}, "passed": one.source.aligned, "origin": one.origin,
        "evidence": one.evidence, "mailboxes": one.mailboxes, "signatures": signatures,
    }  # fmt: skip
