"""Read the domains that mailboxes send from: where each stands, what was found, and what changed when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.shortcuts import get_object_or_404

from outreach.accounts.access import Member
from sending.domains.judging.findings import Check, Finding, Standing
from sending.domains.judging.whole import Change, Report, changes, from_json
from sending.domains.models import DomainReport, WatchedDomain
from sending.domains.watching import held_from, is_held

NAMES: Mapping[Check, str] = {
    Check.MX: "Mail exchangers (MX)",
    Check.SPF: "SPF",
    Check.DKIM: "DKIM",
    Check.DMARC: "DMARC",
    Check.RDNS: "Reverse names",
    Check.MTA_STS: "MTA-STS",
    Check.TLS_RPT: "TLS reports",
    Check.BIMI: "BIMI",
    Check.BLOCKLISTS: "Blocklists",
}
_SHOWN = 30  # reports of the history


@dataclass(frozen=True, slots=True)
class Part:
    """One check, for a page: its name, where it stands, what was found and in which records."""

    check: Check
    name: str
    standing: Standing
    findings: tuple[Finding, ...]
    found: tuple[str, ...]

    @property
    def worst(self) -> Finding:
        return next(one for one in self.findings if one.standing is self.standing)


@dataclass(frozen=True, slots=True)
class Past:
    """What a check found otherwise than the one before. is_first: there was none before."""

    at: datetime
    standing: Standing
    changes: tuple[Change, ...]
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A domain with its last report, None before the first check."""

    row: WatchedDomain
    report: Report | None

    @property
    def parts(self) -> list[Part]:
        judged = self.report.judged if self.report else ()
        return [Part(one.check, NAMES[one.check], one.standing, one.findings, one.found) for one in judged]

    @property
    def held_from(self) -> datetime | None:
        """Return from when on its mailboxes write to no more strangers, None where they may."""
        return held_from(self.row)

    @property
    def is_held(self) -> bool:
        return is_held(self.row)


def watched_of(member: Member) -> list[Watched]:
    """Return the workspace's domains by name; two queries."""
    rows = list(WatchedDomain.objects.filter(workspace=member.workspace).order_by("domain"))
    last = DomainReport.objects.filter(watched__in=rows).order_by("watched", "-first_at").distinct("watched")
    reports = {one.watched_id: from_json(one.report) for one in last}
    return [Watched(row, reports.get(row.pk)) for row in rows]


def watched_for(member: Member, pk: int) -> WatchedDomain:
    """Return a domain of the member's workspace. Raises Http404 for any other."""
    return get_object_or_404(WatchedDomain, workspace=member.workspace, pk=pk)


def shown(row: WatchedDomain) -> Watched:
    """Return a domain with its last report."""
    last = row.reports.order_by("-first_at").first()
    return Watched(row, from_json(last.report) if last else None)


def history_of(row: WatchedDomain) -> list[Past]:
    """Return what changed, the latest first."""
    kept = list(row.reports.order_by("-first_at")[: _SHOWN + 1])
    return list(_told(kept))[:_SHOWN]


def _told(kept: list[DomainReport]) -> Iterator[Past]:
    reports = [(one.first_at, from_json(one.report)) for one in kept]
    for (at, now), (_, before) in pairwise(reports):
        yield Past(at, now.standing, changes(before, now))
    if reports and len(reports) <= _SHOWN:
        at, first = reports[-1]
        yield Past(at, first.standing, (), is_first=True)
