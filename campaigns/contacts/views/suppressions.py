"""Pages about who is never written to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.contacts import queries, services
from campaigns.contacts.errors import MayNotLift
from campaigns.contacts.forms import LiftForm, SuppressionForm
from campaigns.contacts.states import BINDING_REASONS, REASON_LABELS, SuppressionReason
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
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
    """Suppress an address, or a domain when there is nothing before its @."""
    form = SuppressionForm(request.POST)
    if not form.is_valid():
        return _suppressions_page(request, form)
    value, note = form.cleaned_data["value"], form.cleaned_data["note"]
    act = services.suppress if "@" in value.removeprefix("@") else services.suppress_domain
    try:
        is_new = act(request.member.workspace, value, SuppressionReason.MANUAL, evidence=note, by=request.member.user)
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
            services.lift(request.member, row, typed=form.cleaned_data["typed"])
        except MayNotLift as error:
            form.add_error("typed", str(error))
        else:
            messages.success(request, f"{row.value} may be written to again.")
            return redirect(request.member.url("contacts:suppressions"))
    context = {"suppression": row, "is_binding": is_binding, "form": form}
    return render_region(request, f"{_FOLDER}/suppression_lift.html", context, status=422 if form.errors else 200)


def _suppressions_page(request: MemberRequest, form: SuppressionForm) -> HttpResponse:
    search = request.GET.get("q", "").strip().lower()[:320].replace("\0", "")
    reason = request.GET.get("reason", "")
    reason = reason if reason in set(SuppressionReason) else ""
    rows = queries.suppressions_of(request.member, search=search, reason=reason)
    context = {
        "page": paged(request, rows, by="created_at"),
        "search": search,
        "reason": reason,
        "reasons": [(str(one), words) for one, words in REASON_LABELS.items()],
        "form": form,
    }
    region = "" if form.errors else "results"
    return render_region(
        request, f"{_FOLDER}/suppressions.html", context, region=region, status=422 if form.errors else 200
    )
