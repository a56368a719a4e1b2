"""Read what providers have reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, QuerySet

from outreach.accounts.models import Workspace
from sending.postmaster.models import ReportedDay, ReportedSpan, ReportFile

MOST_SPANS = 200  # that a page shows
MOST_DOMAINS = 200


@dataclass(frozen=True, slots=True)
class ReportedDomain:
    """A domain that Google has reported of: how many days, up to which, and when a file last told something new."""

    domain: str
    days: int
    newest: date
    taken_at: datetime


def domains_reported(workspace: Workspace) -> Sequence[ReportedDomain]:
    """Return the domains of the reports in their order."""
    rows = ReportedDay.objects.filter(workspace=workspace).values_list("domain")
    found = rows.annotate(days=Count("pk"), newest=Max("day"), taken=Max("taken_at")).order_by("domain")[:MOST_DOMAINS]
    return [ReportedDomain(*row) for row in found]


def days_reported(workspace: Workspace, *, since: date, domain: str | None = None) -> QuerySet[ReportedDay]:
    """Return what was reported of one domain, or of all, the newest day first."""
    rows = ReportedDay.objects.filter(workspace=workspace, day__gte=since)
    rows = rows if domain is None else rows.filter(domain=domain)
    return rows.order_by("domain", "-day")


def spans_reported(workspace: Workspace, *, since: datetime | None = None) -> QuerySet[ReportedSpan]:
    """Return what was reported of addresses, the newest first."""
    rows = ReportedSpan.objects.filter(workspace=workspace)
    rows = rows if since is None else rows.filter(begins__gte=since)
    return rows.order_by("-begins", "address")


def files_taken(workspace: Workspace) -> QuerySet[ReportFile]:
    """Return the files, the newest first."""
    return ReportFile.objects.filter(workspace=workspace).select_related("taken_by").order_by("-id")
