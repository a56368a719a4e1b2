"""HTTP of the domains' pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
from sending.domains import queries, services, watched
from sending.domains.services import AlreadySigned


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.ADMIN)
def domain_list(request: MemberRequest) -> HttpResponse:
    """List the signing keys with the records to publish; a POST makes a key for a domain."""
    typed, problem = request.POST.get("domain", request.GET.get("domain", "")).strip(), ""
    if request.method == "POST":
        try:
            key = services.make_key(request.member, typed)
        except (BadAddress, AlreadySigned) as error:
            problem = str(error)
        else:
            messages.success(request, f"The key of {key.domain} is made. Publish its record; signing begins with it.")
            return redirect(request.member.url("domains:list"))
    context = {
        "watched": watched.watched_of(request.member),
        "rows": queries.keys_of(request.member),
        "typed": typed,
        "problem": problem,
        "may_edit": request.member.may(Role.ADMIN),
    }
    return render(request, "sending/domains/list.html", context, status=400 if problem else 200)


@require_POST
@member_page(Role.ADMIN)
def key_check(request: MemberRequest, pk: int) -> HttpResponse:
    """Look the record up now."""
    answer = services.check_key(queries.key_for(request.member, pk))
    say = messages.success if answer.is_there else messages.warning
    say(request, answer.words)
    return redirect(request.member.url("domains:list"))


@require_POST
@member_page(Role.ADMIN)
def key_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Forget a key: nothing more is signed for its domain."""
    row = queries.key_for(request.member, pk)
    services.remove_key(request.member, row)
    messages.success(request, f"Messages of {row.domain} are not signed here any more.")
    return redirect(request.member.url("domains:list"))
