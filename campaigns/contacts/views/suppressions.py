"""Pages about who is never written to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadFile, MayNotLift
from campaigns.contacts.forms import LiftForm, SuppressionFileForm, SuppressionForm
from campaigns.contacts.models import Suppression
from campaigns.contacts.services.receiving import file_name
from campaigns.contacts.states import BINDING_REASONS, REASON_LABELS, SuppressionReason, SuppressionScope
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress, key_of
from outreach.kit.downloads import TOGETHER, download
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def suppressions(request: MemberRequest) -> HttpResponse:
    """Show who is never written to, newest first."""
    return _suppressions_page(request, SuppressionForm())


@require_POST
@member_page(Role.MEMBER)
def suppression_add(request: MemberRequest) -> HttpResponse:
    """Suppress an address, a domain or what a wildcard names."""
    form = SuppressionForm(request.POST)
    if not form.is_valid():
        return _suppressions_page(request, form)
    value, note = form.cleaned_data["value"], form.cleaned_data["note"]
    member = request.member
    try:
        is_new = services.suppress_rule(
            member.workspace, value, SuppressionReason.MANUAL, evidence=note, by=member.user
        )
    except BadAddress as error:
        form.add_error("value", error.cause)
        return _suppressions_page(request, form)
    messages.success(request, f"{value} will not be written to." if is_new else f"{value} was suppressed already.")
    return redirect(request.member.url("contacts:suppressions"))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def suppression_lift(request: MemberRequest, suppression_id: int) -> HttpResponse:
    """Ask, with the evidence beside it, then allow writing again."""
    row = queries.suppression_for(request.member, suppression_id)
    is_binding = row.reason in BINDING_REASONS
    form = LiftForm(request.POST if request.method == "POST" else None, is_binding=is_binding)
    if form.is_valid():
        try:
            services.lift(request.member, row, **form.cleaned_data)
        except MayNotLift as error:
            form.add_error("typed" if is_binding else None, str(error))
        else:
            messages.success(request, _allowed(row, form.cleaned_data.get("typed", "")))
            return redirect(request.member.url("contacts:suppressions"))
    context = {"suppression": row, "is_binding": is_binding, "form": form}
    return render_region(request, f"{_FOLDER}/suppression_lift.html", context, status=422 if form.errors else 200)


def _allowed(row: Suppression, typed: str) -> str:
    """Say what may be written again: of a sender's addresses each is refused for itself, and one bars its account."""
    if not row.sender:
        return f"{row.value} may be written to again."
    asked = (row.workspace_id, key_of(typed))
    others = ", ".join(sorted({one.sender for one in queries.refusing([asked]).get(asked, ())}))
    if not others:
        return f"{row.sender} may write to them again."
    return (
        f"{row.sender} is lifted. They still want no more from {others}: a mailbox with that address, or of the same "
        "account, writes to them only when that is lifted, too."
    )


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def suppression_file(request: MemberRequest) -> HttpResponse:
    """Take a list of whom never to write to, and say what became of each row."""
    is_post = request.method == "POST"
    form = SuppressionFileForm(request.POST if is_post else None, request.FILES if is_post else None)
    taken = None
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            taken = services.import_suppressions(request.member, file_name(file.name), file.chunks())
        except BadFile as error:
            form.add_error("file", str(error))
    status = 422 if form.errors else 200
    return render_region(request, f"{_FOLDER}/suppression_file.html", {"form": form, "taken": taken}, status=status)


@require_GET
@member_page(Role.MEMBER)
def suppression_export(request: MemberRequest) -> HttpResponseBase:
    """Stream the suppressions that the filters of the URL leave; the same file can be imported again."""
    search, reason = _filters(request)
    rows = queries.suppressions_of(request.member, search=search, reason=reason).order_by("pk")
    prints = (SuppressionScope.ERASED, SuppressionScope.SENDER)
    rows = rows.exclude(scope__in=prints)  # they mean nothing anywhere else
    names = ("value", "scope", "reason", "evidence", "created_at", "created_by__email")
    lines = (
        [*texts, at.isoformat(timespec="seconds"), by or ""]
        for *texts, at, by in rows.values_list(*names).iterator(chunk_size=TOGETHER)
    )
    header = ["value", "scope", "reason", "evidence", "since", "by"]
    return download(request, f"suppressions-{request.member.workspace.slug}", header, lines)


@require_GET
@member_page(Role.VIEWER)
def suppressions_lifted(request: MemberRequest) -> HttpResponse:
    """Show who may be written to again, who said so, when and why."""
    context = {"page": paged(request, queries.lifted_of(request.member), by="lifted_at")}
    return render_region(request, f"{_FOLDER}/suppressions_lifted.html", context)


def _filters(request: MemberRequest) -> tuple[str, str]:
    search = request.GET.get("q", "").strip().lower()[:320].replace("\0", "")
    reason = request.GET.get("reason", "")
    return search, reason if reason in set(SuppressionReason) else ""


def _suppressions_page(request: MemberRequest, form: SuppressionForm) -> HttpResponse:
    search, reason = _filters(request)
    rows = queries.suppressions_of(request.member, search=search, reason=reason)
    key = key_of(search)
    context = {
        "page": paged(request, rows, by="created_at"),
        "search": search,
        "key": key,
        "barring": queries.suppressed_keys(request.member.workspace.pk, [key]).get(key) if key else None,
        "reason": reason,
        "reasons": [(str(one), words) for one, words in REASON_LABELS.items()],
        "query": urlencode({"q": search, "reason": reason}),
        "form": form,
    }
    region = "" if form.errors else "results"
    return render_region(
        request, f"{_FOLDER}/suppressions.html", context, region=region, status=422 if form.errors else 200
    )
