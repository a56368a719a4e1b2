"""The HTTP API of the room: the workspace's tracking domain, as its page has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpResponse
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.errors import invalid
from outreach.rest.problems import Problem, Refused
from outreach.rest.values import NO_NUL, DnsRecord, Wanted, examples
from sending.links.hosts import queries, services
from sending.links.hosts.bases import base_of
from sending.links.hosts.services import NotClaimed
from sending.links.models import TrackingDomain

router = Router(tags=["tracking domain"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
_PATH = "/tracking-domain"
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    NotClaimed: lambda error: Problem(409, "not_possible", str(error)),
}


class DomainWanted(Wanted):
    """The host over which new messages are to lead back."""

    model_config = examples(host="go.acme.com")
    host: Annotated[str, StringConstraints(max_length=300, pattern=NO_NUL)]


class DomainOut(Schema):
    """The workspace's tracking domain, and what the last look found."""

    host: str = Field(description="Empty where the workspace has no domain of its own.")
    state: str = Field(description="`unproven`, `works` or `broken`; empty without a domain.")
    finding: str = Field(
        description="`works`, `dns_missing`, `dns_wrong`, `dns_silent`, `no_answer`, `certificate` or `elsewhere`; "
        "empty before the first look."
    )
    found: str = Field(description="What was found, in words.")
    advice: str = Field(description="What to do about it, in words.")
    checked_at: datetime | None
    points_here: bool = Field(description="Its DNS leads here.")
    record: DnsRecord | None = Field(description="None without a domain.")
    leads_over: str = Field(description="What addresses in new messages begin with; empty where there are none.")
    removed: list[str] = Field(description="Domains that were removed, over which what is out is still answered.")


@router.get(_PATH, response=DomainOut, summary="See the tracking domain", **reads(READ))
def tracking_domain(request: ApiRequest) -> Any:
    """Return the domain, its record, and what the last look found."""
    return _shown(request.member)


@router.put(
    _PATH,
    response=DomainOut,
    summary="Set the tracking domain",
    **writes(WRITE, role=Role.ADMIN, is_repeatable=True),
)
def tracking_domain_set(request: ApiRequest, wanted: DomainWanted) -> Any:
    """Claim a host and look at it: no message names it before it is proven. The one that is set stays as it is.

    409 `not_possible` while another one is set, and for a host that cannot be this workspace's.
    """
    try:
        if not services.is_set(request.member, wanted.host):
            services.check(services.claim(request.member, wanted.host))
    except BadAddress as error:
        raise Refused(invalid("host", error.cause)) from error
    return _shown(request.member)


@router.post(
    f"{_PATH}/check",
    response=DomainOut,
    summary="Look at the tracking domain",
    **writes(WRITE, role=Role.ADMIN, is_repeatable=True),
)
def tracking_domain_check(request: ApiRequest) -> Any:
    """Look at DNS, certificate and answer now, for up to 20 s; what was found in the last 5 s holds."""
    services.check_now(_row_of(request.member))
    return _shown(request.member)


@router.delete(_PATH, response={204: None}, summary="Remove the tracking domain", **writes(WRITE, role=Role.ADMIN))
def tracking_domain_remove(request: ApiRequest) -> Any:
    """Name it in no new message. What is out stays answered until its DNS has not led here for 60 days."""
    services.remove(request.member, _row_of(request.member))
    return HttpResponse(status=204)


def _row_of(member: Member) -> TrackingDomain:
    if row := queries.domain_of(member.workspace.pk):
        return row
    raise Http404("The workspace has no tracking domain.")


def _shown(member: Member) -> DomainOut:
    told = queries.told(member)
    row = told.row if told else TrackingDomain(host="", state="")
    return DomainOut(
        host=row.host,
        state=row.state,
        finding=row.finding,
        found=row.found,
        advice=told.advice if told else "",
        checked_at=row.checked_at,
        points_here=row.points_here,
        record=DnsRecord(name=row.host, type="CNAME", value=services.target()) if told else None,
        leads_over=base_of(member.workspace.pk),
        removed=[one.host for one in queries.retired(member)],
    )
