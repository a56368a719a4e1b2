"""HTTP of what receivers report of a domain: a page with sources and days, the upload, and the rows as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.downloads import TOGETHER, download
from outreach.kit.htmx import render_region
from sending.dmarc.figures import chart_of, lines_of
from sending.dmarc.forms import ReportsForm
from sending.dmarc.judging.tightening import LEAST_DAYS, LEAST_MESSAGES
from sending.dmarc.models import DmarcRow
from sending.dmarc.queries import PERIODS, reports_of, told_of
from sending.dmarc.reading.errors import BadReport
from sending.dmarc.reading.packages import PACKED_LIMIT_BYTES
from sending.dmarc.services import Way, take_file
from sending.domains.models import WatchedDomain
from sending.domains.watched import watched_for

_USUAL_DAYS = 30
_MOST_SHOWN = 200  # sources
_MOST_REPORTS = 12
_COLUMNS = (
    "organization", "report", "policy_domain", "begins", "ends", "source", "messages", "disposition", "dkim_aligned",
    "spf_aligned", "header_from", "envelope_from", "dkim", "spf", "overrides", "came_through",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.MEMBER)
def reports_page(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what receivers report of a domain; take reports in."""
    row = watched_for(request.member, pk)
    is_post = request.method == "POST"
    form = ReportsForm(request.POST if is_post else None, request.FILES if is_post else None)
    if is_post and form.is_valid() and _take_all(request, form):
        return redirect(request.get_full_path())
    context = {"form": form, **_context(request, row)}
    return render_region(
        request, "sending/dmarc/reports.html", context, region="reports", status=422 if form.errors else 200
    )


@require_GET
@member_page(Role.MEMBER)
def reports_file(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Stream the rows of the period's reports, as they were reported."""
    row = watched_for(request.member, pk)
    since = clock.now().astimezone(UTC).date() - timedelta(days=_days_of(request))
    of = reports_of(request.member.workspace, row.domain).filter(day__gte=since).order_by()
    rows = DmarcRow.objects.filter(report__in=of).select_related("report__mailbox").order_by("pk")
    return download(request, f"dmarc-{row.domain}", _COLUMNS, _cells(rows.iterator(chunk_size=TOGETHER)))


def _context(request: MemberRequest, row: WatchedDomain) -> dict[str, Any]:
    workspace, days = request.member.workspace, _days_of(request)
    told = told_of(workspace, row, days=days)
    reports = list(reports_of(workspace, row.domain)[:_MOST_REPORTS])
    return {
        "row": row, "told": told, "chart": chart_of(told.days), "days": days, "periods": PERIODS,
        "sources": lines_of(told.sources[:_MOST_SHOWN]), "more": max(0, len(told.sources) - _MOST_SHOWN),
        "reports": reports, "may_act": request.member.may(Role.MEMBER), "limit_mb": PACKED_LIMIT_BYTES // 1_000_000,
        "least_days": LEAST_DAYS, "least_messages": LEAST_MESSAGES,
    }  # fmt: skip


def _days_of(request: MemberRequest) -> int:
    asked = request.GET.get("days", "")
    return next((one for one in PERIODS if str(one) == asked), _USUAL_DAYS)


def _take_all(request: MemberRequest, form: ReportsForm) -> bool:
    """Take each file in, and tell of each; a bad one does not keep the others out. False where none was taken."""
    bad, good = [], 0
    for file in form.cleaned_data["reports"]:
        try:
            good += _take(request, file)
        except BadReport as error:
            bad.append(f"{file.name}: {error}")
    if not good:
        for words in bad:
            form.add_error("reports", words)
        return False
    for words in bad:
        messages.warning(request, words)
    return True


def _take(request: MemberRequest, file: UploadedFile[Any]) -> int:
    taken = take_file(request.member.workspace, file.name or "", file.read(), Way(by=request.member.user))
    for one in taken:
        (messages.info if one.is_known else messages.success)(request, one.words)
    return len(taken)


def _cells(rows: Iterator[DmarcRow]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        report = row.report
        came = report.mailbox.address if report.mailbox else ""
        yield (
            report.org, report.report_id, report.domain, report.begins.isoformat(), report.ends.isoformat(),
            row.source, row.count, row.disposition, _word(passed=row.dkim), _word(passed=row.spf), row.header_from,
            row.envelope_from, _listed(row.signatures), _listed(row.spf_results), " ".join(row.overrides), came,
        )  # fmt: skip


def _word(*, passed: bool) -> str:
    return "pass" if passed else "fail"


def _listed(found: list[list[str]]) -> str:
    return "; ".join(" ".join(part or "-" for part in one) for one in found)
