"""The HTTP API of what providers report: files in, series out, and complaints by provider."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import File, Form, Router, Schema, UploadedFile
from pydantic import Field

from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import Cursor, Limit, Page
from sending.postmaster.models import ReportedDay, ReportedSpan, ReportFile
from sending.postmaster.queries import days_reported, files_taken, spans_reported
from sending.postmaster.reading import SIZE_LIMIT_BYTES
from sending.postmaster.services import Taken
from sending.reports.provider_reports import first_day, standings_of, take_in
from sending.reports.providers import by_provider
from sending.reports.rates_api import RateOut

router = Router(tags=["feedback"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE


class OfProvider(Schema):
    """What was delivered at one provider, and what is known of complaints there."""

    provider: str = Field(description="`google`, `microsoft`, `yahoo`, `other`; empty for contacts deleted since.")
    name: str
    delivered: int = Field(description="Messages that were accepted, and have not come back since.")
    complaints: RateOut | None = Field(description="null where the provider tells senders of none: unknown, not 0.")
    note: str


class ByProvider(Schema):
    """Complaints and deliveries of the same stretch: 30 days, or less where more than 100,000 messages were sent."""

    since: datetime
    results: list[OfProvider]


class Refused(Schema):
    """A part of a file that was not taken."""

    place: str
    cause: str
    original: str


class FileOut(Schema):
    """A file of a provider that was taken in; the same one again changes nothing."""

    id: int
    name: str
    source: str = Field(description="`google_csv`, `google_v1`, `google_v2` or `snds`.")
    taken_at: datetime
    added: int = Field(description="Days of domains, or spans of addresses.")
    changed: int
    unchanged: int
    refused: int = Field(description="Lines; the first 200 have their cause below.")
    refusals: list[Refused]
    known_before: bool = Field(False, description="Whether this very file was taken in before.")


class DomainWish(Schema):
    """Whose a table is that names no domain."""

    domain: str = Field("", max_length=253)


class AlarmOut(Schema):
    """What a number gives cause for."""

    stops: bool = Field(description="The mailboxes of the domain leave Google alone.")
    day: date
    until: date = Field(description="The day (UTC) from which the number no longer counts.")
    words: str


class DayOut(Schema):
    """What Google says of a domain on one day (UTC); rates between 0 and 1, null where no file says."""

    day: date
    spam_rate: float | None = Field(description="Of the mail in Gmail's inboxes; of how many, Google does not say.")
    spam_low: float | None
    spam_high: float | None
    domain_reputation: str
    ip_reputations: dict[str, int]
    spf: float | None
    dkim: float | None
    dmarc: float | None
    tls_in: float | None
    tls_out: float | None
    errors: dict[str, float]


class DomainOut(Schema):
    """A domain, and its last 120 days, the newest first."""

    domain: str
    has_mailboxes: bool
    age_days: int | None = Field(description="Of the newest spam rate; null where none was ever reported.")
    alarm: AlarmOut | None
    days: list[DayOut]


class DomainList(Schema):
    """The sending domains of the workspace, and all that were reported."""

    results: list[DomainOut]


class SpanOut(Schema):
    """What Microsoft says of an address in one span of activity."""

    id: int
    address: str
    begins: str = Field(description="As the file has it, which names no zone.")
    ends: str
    rcpt_commands: int | None
    data_commands: int | None
    recipients: int | None
    filter_result: str
    complaint_rate: float | None = Field(description="Between 0 and 1, of the recipients.")
    complaint_below: bool = Field(description="The true rate is smaller.")
    trap_hits: int | None


@router.get("/feedback/providers", response=ByProvider, summary="Complaints by provider", **reads(READ))
def feedback_of_providers(request: ApiRequest) -> Any:
    """Return what was delivered at each provider, and how much of it is known to have been reported as spam."""
    found = by_provider(request.member.workspace)
    rows = [
        OfProvider(
            provider=one.receiver,
            name=one.name,
            delivered=one.delivered,
            complaints=None if one.complaints is None else RateOut.of(one.complaints),
            note=one.note,
        )
        for one in found.rows
    ]
    return ByProvider(since=found.since, results=rows)


@router.post(
    "/feedback/reports",
    response=FileOut,
    summary="Take a provider's file in",
    **writes(WRITE, file_limit_bytes=SIZE_LIMIT_BYTES),
)
def report_take(request: ApiRequest, file: File[UploadedFile], wanted: Form[DomainWish]) -> Any:
    """Take a file of Google Postmaster Tools (CSV, JSON of its API) or Microsoft SNDS (CSV); the guard looks at once.

    422 for a file that is none of them. Lines that cannot be read are told, and all others are kept.
    """
    member = request.member
    return _file(take_in(member.workspace, file.name or "", file.read(), domain=wanted.domain, by=member.user))


@router.get("/feedback/reports", response=Page[FileOut], summary="List the files taken in", **reads(READ))
def report_files(request: ApiRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the files, the newest first."""
    page = sliced(files_taken(request.member.workspace), by="id", size=limit, cursor=cursor)
    return Page[FileOut](results=[_file(Taken(row, is_known=False)) for row in page.rows], next=page.next)


@router.get("/feedback/domains", response=DomainList, summary="What Google says of domains", **reads(READ))
def feedback_of_domains(request: ApiRequest) -> Any:
    """Return each domain with its last 120 days, and what its newest numbers give cause for."""
    workspace = request.member.workspace
    days: dict[str, list[DayOut]] = {}
    for row in days_reported(workspace, since=first_day()):
        days.setdefault(row.domain, []).append(_day(row))
    rows = [
        DomainOut(
            domain=one.domain,
            has_mailboxes=one.has_mailboxes,
            age_days=one.age_days,
            alarm=AlarmOut.model_validate(one.alarm, from_attributes=True) if one.alarm else None,
            days=days.get(one.domain, []),
        )
        for one in standings_of(workspace)
    ]
    return DomainList(results=rows)


@router.get("/feedback/addresses", response=Page[SpanOut], summary="What Microsoft says of addresses", **reads(READ))
def feedback_of_addresses(request: ApiRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the spans of all addresses, those taken in last first."""
    rows = spans_reported(request.member.workspace).order_by("-id")
    page = sliced(rows, by="id", size=limit, cursor=cursor)
    return Page[SpanOut](results=[_span(row) for row in page.rows], next=page.next)


def _file(taken: Taken) -> FileOut:
    row: ReportFile = taken.file
    refusals = [Refused(place=place, cause=cause, original=original) for place, cause, original in row.refusals]
    names = ("id", "name", "source", "taken_at", "added", "changed", "unchanged", "refused")
    return FileOut(**{name: getattr(row, name) for name in names}, refusals=refusals, known_before=taken.is_known)


def _day(row: ReportedDay) -> DayOut:
    return DayOut(**{name: getattr(row, name) for name in DayOut.model_fields})


def _span(row: ReportedSpan) -> SpanOut:
    told = {name: getattr(row, name) for name in SpanOut.model_fields}
    return SpanOut(**{**told, "begins": f"{row.begins:%Y-%m-%d %H:%M}", "ends": f"{row.ends:%Y-%m-%d %H:%M}"})
