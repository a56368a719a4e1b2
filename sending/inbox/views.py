"""HTTP of the inbox."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.bounces import Kind
from sending.inbox import queries

_FOLDER = "sending/inbox"


@require_GET
@member_page(Role.VIEWER)
def inbound_list(request: MemberRequest) -> HttpResponse:
    """List what came in, newest first, by kind."""
    wanted = request.GET.get("kind", "")
    kind = Kind(wanted) if wanted in set(Kind) else None
    page = paged(request, queries.inbound_of(request.member, kind=kind), by="received_at")
    unreadable = queries.unreadable_of(request.member)
    context = {"page": page, "kinds": list(Kind), "kind": kind, "unreadable": unreadable}
    return render_region(request, f"{_FOLDER}/list.html", context, region="inbound")


@require_GET
@member_page(Role.VIEWER)
def inbound_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one mail as text, what it was taken for and why."""
    context = {"row": queries.inbound_for(request.member, pk)}
    return render_region(request, f"{_FOLDER}/detail.html", context)
