"""The HTTP API of the room: the domains that mailboxes send from, as their pages have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ninja import Router, Schema, Status
from pydantic import Field

from outreach.accounts.keys import Scope
from outreach.kit.hints import hint_at
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.problems import Problem
from outreach.rest.values import DnsRecord
from sending.domains import watched, watching
from sending.domains.judging.findings import Finding
from sending.domains.watched import Past, Watched

router = Router(tags=["sending domains"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {}


class FindingOut(Schema):
    """One thing that was found."""

    check: str = Field(
        description="`mx`, `spf`, `dkim`, `dmarc`, `rdns`, `mta_sts`, `tls_rpt`, `bimi` or `blocklists`."
    )
    code: str = Field(description="Stays the same when its words are changed.")
    standing: str = Field(description="`bad`, `advice`, `unknown` or `good`.")
    what: str
    why: str
    fix: str
    record: DnsRecord | None
    stops_cold: bool = Field(description="If it stays, the domain's mailboxes write to no more strangers.")


class SendingDomainOut(Schema):
    """A domain that mailboxes send from, and where it stood when the DNS was last asked."""

    id: int
    domain: str
    standing: str = Field(description="`bad`, `advice`, `unknown` or `good`; empty before the first check.")
    checked_at: datetime | None
    failing_since: datetime | None = Field(description="Since when receivers have reason not to believe it.")
    held_from: datetime | None = Field(description="From when on its mailboxes write to no more strangers.")


class ChangeOut(Schema):
    """A check that found something else than the one before."""

    at: datetime
    standing: str
    came: list[FindingOut]
    went: list[FindingOut]


class SendingDomainWhole(SendingDomainOut):
    """The same with everything that was found."""

    findings: list[FindingOut]
    spf_lookups: int = Field(description="Of which ten are allowed.")
    changes: list[ChangeOut] = Field(description="The latest first.")


class DomainsOut(Schema):
    """The workspace's sending domains, by name."""

    domains: list[SendingDomainOut]


@router.get("/domains", response=DomainsOut, summary="List the sending domains", **reads(READ))
def domains(request: ApiRequest) -> Any:
    """Return the domains that mailboxes of the workspace send from."""
    return {"domains": [_row(one) for one in watched.watched_of(request.member)]}


@router.get("/domains/{int:domain_id}", response=SendingDomainWhole, summary="See a sending domain", **reads(READ))
def domain(request: ApiRequest, domain_id: int) -> Any:
    """Return what the DNS says of a domain, the record that mends each fault, and what changed."""
    return _whole(request, domain_id)


@router.post(
    "/domains/{int:domain_id}/check",
    response={202: SendingDomainOut},
    summary="Check a sending domain",
    **writes(WRITE, is_repeatable=True),
)
def domain_check(request: ApiRequest, domain_id: int) -> Any:
    """Have a domain checked; `checked_at` moves on when that is done, within seconds."""
    row = watched.watched_for(request.member, domain_id)
    if watching.ask(row):
        hint_at("domains.check_asked", row.pk, "domain")
    return Status(202, _row(watched.shown(row)))


def _row(shown: Watched) -> dict[str, Any]:
    row = shown.row
    return {
        "id": row.pk,
        "domain": row.domain,
        "standing": row.standing,
        "checked_at": row.checked_at,
        "failing_since": row.failing_since,
        "held_from": shown.held_from,
    }


def _whole(request: ApiRequest, pk: int) -> dict[str, Any]:
    row = watched.watched_for(request.member, pk)
    shown = watched.shown(row)
    return _row(shown) | {
        "findings": [_finding(one) for part in shown.parts for one in part.findings],
        "spf_lookups": shown.report.lookups if shown.report else 0,
        "changes": [_change(one) for one in watched.history_of(row)],
    }


def _change(past: Past) -> dict[str, Any]:
    return {
        "at": past.at,
        "standing": past.standing,
        "came": [_finding(one.finding) for one in past.changes if one.is_new],
        "went": [_finding(one.finding) for one in past.changes if not one.is_new],
    }


def _finding(one: Finding) -> dict[str, Any]:
    record = one.record
    return {
        "check": one.check,
        "code": one.code,
        "standing": one.standing,
        "what": one.what,
        "why": one.why,
        "fix": one.fix,
        "record": {"name": record.name, "type": record.type, "value": record.value} if record else None,
        "stops_cold": one.stops_cold,
    }
