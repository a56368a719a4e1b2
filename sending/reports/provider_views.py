"""HTTP of what providers report: a page with the series and the upload, and the same as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.downloads import download
from outreach.kit.htmx import render_region
from outreach.kit.words import plural
from sending.mailboxes.reported import report_alarms_of
from sending.postmaster.errors import BadReport
from sending.postmaster.queries import MOST_SPANS, days_reported, spans_reported
from sending.postmaster.reading import SIZE_LIMIT_BYTES
from sending.postmaster.services import Taken
from sending.postmaster.values import Unreadable
from sending.reports.provider_reports import (
    address_warnings,
    chart_of,
    first_day,
    newest_files,
    series_of,
    spans_of,
    standings_of,
    take_in,
)
from sending.reports.providers import by_provider

_DOMAIN_COLUMNS = (
    "domain", "day", "spam_rate", "spam_low", "spam_high", "domain_reputation", "spf", "dkim", "dmarc", "tls_in",
    "tls_out", "ip_reputations", "errors",
)  # fmt: skip
_ADDRESS_COLUMNS = (
    "address", "begins", "ends", "rcpt_commands", "data_commands", "recipients", "filter_result", "complaint_rate",
    "complaint_below", "trap_hits", "helo", "mail_from", "comments",
)  # fmt: skip


class ReportForm(forms.Form):
    """A provider's file, and the domain of one that names none."""

    file = forms.FileField(label="File", error_messages={"required": "Choose a file.", "empty": "The file is empty."})
    domain = forms.CharField(label="Domain, where the file names none", max_length=253, required=False)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > SIZE_LIMIT_BYTES:
            raise forms.ValidationError(f"The file is larger than {SIZE_LIMIT_BYTES // 1_000_000} MB.")
        return file


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def provider_reports(request: MemberRequest) -> HttpResponse:
    """Show what Google and Microsoft have reported; take a file in."""
    is_post = request.method == "POST"
    form = ReportForm(request.POST if is_post else None, request.FILES if is_post else None)
    if form.is_valid() and (taken := _taken(request, form)):
        _tell(request, taken)
        query = urlencode({"file": taken.file.pk})
        return redirect(f"{request.member.url('reports:provider_reports')}?{query}")
    context = {"form": form, **_context(request)}
    return render_region(
        request, "sending/reports/provider_reports.html", context, region="reports", status=422 if form.errors else 200
    )


@require_GET
@member_page(Role.MEMBER)
def provider_file(request: MemberRequest) -> HttpResponseBase:
    """Stream what was reported of domains in the last 120 days; rates between 0 and 1, empty where unknown."""
    rows = days_reported(request.member.workspace, since=first_day())
    return download(request, f"google-{request.member.workspace.slug}", _DOMAIN_COLUMNS, _cells(rows, _DOMAIN_COLUMNS))


@require_GET
@member_page(Role.MEMBER)
def address_file(request: MemberRequest) -> HttpResponseBase:
    """Stream what was reported of addresses; complaint rates between 0 and 1."""
    rows = spans_reported(request.member.workspace)
    return download(request, f"snds-{request.member.workspace.slug}", _ADDRESS_COLUMNS, _cells(rows, _ADDRESS_COLUMNS))


def _context(request: MemberRequest) -> dict[str, Any]:
    workspace = request.member.workspace
    standings = standings_of(workspace)
    asked = request.GET.get("domain", "")[:253]
    reported = [one.domain for one in standings if one.reported]
    domain = asked if asked in reported else next(iter(reported), "")
    series = series_of(workspace, domain, by_provider(workspace)) if domain else []
    files = newest_files(request.member)
    spans = spans_of(workspace, MOST_SPANS)
    shown = request.GET.get("file", "")
    return {
        "alarms": report_alarms_of(workspace), "standings": standings, "domain": domain, "series": series,
        "chart": chart_of(series), "spans": spans, "warnings": address_warnings(spans), "files": files,
        "shown": next((one for one in files if str(one.pk) == shown), None),
        "may_act": request.member.may(Role.MEMBER), "limit_mb": SIZE_LIMIT_BYTES // 1_000_000,
        "own": [one.domain for one in standings if one.has_mailboxes],
        "is_sandbox": workspace.time_scale > 1,
    }  # fmt: skip


def _taken(request: MemberRequest, form: ReportForm) -> Taken | None:
    file = form.cleaned_data["file"]
    try:
        return take_in(
            request.member.workspace,
            file.name or "",
            file.read(),
            domain=form.cleaned_data["domain"],
            by=request.member.user,
        )
    except BadReport as error:
        form.add_error("file", str(error))
    except Unreadable as error:
        form.add_error("domain", f"{error}.")
    return None


def _tell(request: MemberRequest, taken: Taken) -> None:
    row = taken.file
    if taken.is_known:
        messages.info(request, f"{row.name} was taken in before: nothing has changed.")
        return
    counts = f"{plural(row.added, 'entry,entries')} added, {row.changed:,} changed, {row.unchanged:,} known already"
    refused = f"; {plural(row.refused, 'line')} refused" if row.refused else ""
    messages.success(request, f"{row.name}: {counts}{refused}.")


def _cells(rows: Any, columns: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    for row in rows.iterator(chunk_size=2_000):
        yield tuple(_cell(getattr(row, name), name) for name in columns)


def _cell(value: object, name: str) -> object:
    if isinstance(value, dict):
        return "; ".join(f"{key} {count}" for key, count in sorted(value.items()))
    if name in {"begins", "ends"}:
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else value
