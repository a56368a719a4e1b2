"""Pages of a check of addresses: begin, progress, end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from campaigns.contacts import queries, services
from campaigns.contacts.errors import NothingToCheck
from campaigns.contacts.states import CheckState
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"


@require_POST
@member_page(Role.MEMBER)
def begin(request: MemberRequest, list_id: int) -> HttpResponse:
    """Check the addresses of a list, or lead to the check that runs."""
    row = queries.list_for(request.member, list_id)
    try:
        check = services.start_check(row, by=request.member.user)
    except NothingToCheck as error:
        messages.warning(request, str(error))
        return redirect(request.member.url("contacts:list_detail", row.pk))
    return redirect(request.member.url("contacts:check_progress", check.pk))


@require_GET
@member_page(Role.VIEWER)
def progress(request: MemberRequest, check_id: int) -> HttpResponse:
    """Show how far the check is; once it has ended, lead on to the list."""
    row = queries.check_for(request.member, check_id)
    if row.state != CheckState.RUNNING:
        url = request.member.url("contacts:list_detail", row.contact_list_id)
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    context = {"check": row, "progress": queries.check_progress_of(row)}
    return render_region(request, f"{_FOLDER}/check_progress.html", context, region="progress")


@require_POST
@member_page(Role.MEMBER)
def cancel(request: MemberRequest, check_id: int) -> HttpResponse:
    """End the check; what it has found stays."""
    row = queries.check_for(request.member, check_id)
    if services.cancel_check(row):
        messages.success(request, "Check ended; what it has found so far is kept.")
    else:
        messages.info(request, "The check had ended already.")
    return redirect(request.member.url("contacts:list_detail", row.contact_list_id))
