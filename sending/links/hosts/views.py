"""HTTP of a workspace's tracking domain."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
from sending.links.hosts import queries, services
from sending.links.hosts.services import NotClaimed
from sending.links.states import Finding


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.ADMIN)
def tracking_domain(request: MemberRequest) -> HttpResponse:
    """Show the tracking domain with its record and what was found; a POST claims one and looks at it."""
    typed, problem = request.POST.get("host", "").strip(), ""
    if request.method == "POST":
        try:
            row = services.claim(request.member, typed)
        except (BadAddress, NotClaimed) as error:
            problem = str(error)
        else:
            services.check(row)
            return redirect(request.member.url("links:domain"))
    context = {
        "told": queries.told(request.member),
        "retired": queries.retired(request.member),
        "target": services.target(),
        "kept_days": services.ANSWERED.days,
        "lapse_days": services.LAPSES.days,
        "typed": typed,
        "problem": problem,
        "may_edit": request.member.may(Role.ADMIN),
    }
    return render(request, "sending/links/domain.html", context, status=422 if problem else 200)


@require_POST
@member_page(Role.ADMIN)
def domain_check(request: MemberRequest, pk: int) -> HttpResponse:
    """Look at the domain now."""
    verdict = services.check_now(queries.domain_for(request.member, pk))
    say = messages.success if verdict.finding is Finding.WORKS else messages.warning
    say(request, verdict.words)
    return redirect(request.member.url("links:domain"))


@require_POST
@member_page(Role.ADMIN)
def domain_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Name the domain in no new message."""
    row = queries.domain_for(request.member, pk)
    is_kept = services.remove(request.member, row)
    kept = " What is out already is still answered." if is_kept else ""
    messages.success(request, f"No new message leads over {row.host}.{kept}")
    return redirect(request.member.url("links:domain"))
