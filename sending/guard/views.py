"""HTTP of the guard: what was found, what it means, and the owner's word."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.guard.queries import adoptions, findings, runs_the_server
from sending.guard.services import confirm


@require_GET
@member_page(Role.VIEWER)
def standstill(request: MemberRequest) -> HttpResponse:
    """Explain what keeps the server from sending, and who has confirmed what."""
    may_confirm = runs_the_server(request.member)
    context = {
        "found": findings(),
        "may_confirm": may_confirm,
        "adoptions": adoptions() if may_confirm else [],
    }
    return render_region(request, "sending/guard/standstill.html", context, region="live")


@require_POST
@member_page(Role.OWNER)
def confirmation(request: MemberRequest) -> HttpResponse:
    """Take the owner's word that a stack may send from this database."""
    chosen = request.POST.get("finding", "")
    if chosen.isdecimal() and len(chosen) < 18 and confirm(request.member, int(chosen)):
        messages.success(request, "Confirmed. Sending goes on within a few seconds.")
    else:
        messages.warning(
            request, "Nothing was changed: there is nothing to confirm here, or it is not yours to confirm."
        )
    return redirect(request.member.url("guard:standstill"))
