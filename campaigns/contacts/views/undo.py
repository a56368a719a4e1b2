"""Pages of the undo of an import: what it would do, how far it is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from campaigns.contacts import queries, services
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.states import ImportState
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"
_AT_ONCE = 50_000  # rows that are counted while the page is made; more take seconds, and come behind it


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def undo(request: MemberRequest, import_id: int) -> HttpResponse:
    """Show what an undo would take back and keep, or how far it is; a POST begins it.

    With ?counted=1 it is counted however long that takes.
    """
    row = queries.import_for(request.member, import_id)
    if request.method == "POST":
        try:
            services.undo_import(row, by=request.member.user)
        except IllegalMove:
            messages.info(request, "This import cannot be undone: it was undone already, or is too old.")
        return redirect(request.member.url("contacts:import_undo", row.pk))
    if row.state == ImportState.UNDOING:
        return render_region(request, f"{_FOLDER}/import_undoing.html", {"import": row}, region="progress")
    if not queries.can_be_undone(row):
        result = request.member.url("contacts:import_result", row.pk)
        return HttpResponseClientRedirect(result) if request.htmx else redirect(result)
    is_counted = "counted" in request.GET or row.rows_read - row.rows_rejected <= _AT_ONCE
    context = {"import": row, "preview": queries.undo_preview(row) if is_counted else None}
    return render_region(request, f"{_FOLDER}/import_undo.html", context, region="counts")
