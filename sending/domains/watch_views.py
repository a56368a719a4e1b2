"""HTTP of the page of a domain that mailboxes send from."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.hints import hint_at
from outreach.kit.htmx import render_region
from sending.domains import watched, watching


@require_GET
@member_page(Role.VIEWER)
def domain_page(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what the DNS says of a domain, what is to be done, and what changed."""
    row = watched.watched_for(request.member, pk)
    context = {
        "shown": watched.shown(row),
        "history": watched.history_of(row),
        "is_asked": watching.is_asked(row),
        "grace_hours": int(watching.GRACE.total_seconds() // 3600),
        "may_check": request.member.may(Role.MEMBER),
    }
    return render_region(request, "sending/domains/watched.html", context, region="report")


@require_POST
@member_page(Role.MEMBER)
def domain_check(request: MemberRequest, pk: int) -> HttpResponse:
    """Have the domain checked now."""
    row = watched.watched_for(request.member, pk)
    if watching.ask(row):
        hint_at("domains.check_asked", row.pk, "domain")
        messages.info(request, f"{row.domain} is being checked.")
    return redirect(request.member.url("domains:watched", row.pk))
