"""HTTP of what only a person decides about a mail: whose it is, whether its company waits, what is attached to it."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.words import plural
from sending.bounces.attachments import attachment
from sending.inbox import queries, suggestions
from sending.inbox.models import InboundMessage
from sending.planner.services import pause_company, resume_company


@require_POST
@member_page(Role.MEMBER)
def suggestion(request: MemberRequest, pk: int) -> HttpResponse:
    """Say whether a mail belongs to what is suggested: says = yes or no."""
    row = queries.inbound_for(request.member, pk)
    decide = suggestions.accept if request.POST.get("says") == "yes" else suggestions.decline
    if decide(request.member, row):
        messages.success(request, "Kept.")
    else:
        messages.error(request, "Nothing is suggested for it any more.")
    return redirect(request.member.url("inbox:detail", pk))


@require_POST
@member_page(Role.MEMBER)
def company(request: MemberRequest, pk: int) -> HttpResponse:
    """Pause everybody at the company of whoever has answered, or let them go on (resume=1)."""
    row = queries.inbound_for(request.member, pk)
    if row.contact is None:
        messages.error(request, "Nobody of ours has written it.")
    elif request.POST.get("resume"):
        resume_company(request.member, row.contact.domain)
        messages.success(request, f"Messages to {row.contact.domain} go on.")
    else:
        held = pause_company(request.member, row.contact)
        words = f"{plural(held, 'other contact')} in running campaigns"
        messages.success(request, f"{row.contact.domain} is paused, with {words}, until somebody ends it.")
    return redirect(request.member.url("inbox:detail", pk))


@require_GET
@member_page(Role.VIEWER)
def attached(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """Give out what is attached, to be saved and never shown: no type of it runs in a browser."""
    row = queries.inbound_for(request.member, pk)
    raw = bytes(InboundMessage.objects.values_list("raw", flat=True).get(pk=row.pk))
    found = attachment(raw, number)
    if found is None:
        raise Http404("No such attachment")
    about, content = found
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(about.name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; sandbox"
    )
    response["Cache-Control"] = "private, no-store"
    return response
