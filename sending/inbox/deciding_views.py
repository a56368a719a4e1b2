"""HTTP of what only a person decides about a mail: whose it is, whether its company waits, what is attached to it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.contacts.models import Contact
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.words import plural
from sending.inbox import queries, suggestions
from sending.inbox.attached import given_out
from sending.inbox.threads.frame import back
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
    if request.POST.get("back") == "thread":
        moved = queries.inbound_for(request.member, pk)  # whose it is says in which conversation it stands
        return back(request, moved.thread)
    return redirect(request.member.url("inbox:detail", pk))


@require_POST
@member_page(Role.MEMBER)
def company(request: MemberRequest, pk: int) -> HttpResponse:
    """Pause everybody at the company of whoever has answered, or let them go on (resume=1)."""
    row = queries.inbound_for(request.member, pk)
    if row.contact is None:
        messages.error(request, "Nobody of ours has written it.")
    else:
        decide_company(request, row.contact)
    return redirect(request.member.url("inbox:detail", pk))


def decide_company(request: MemberRequest, contact: Contact) -> None:
    """Pause everybody at a contact's company, or let them go on (resume=1), and say so."""
    if request.POST.get("resume"):
        resume_company(request.member, contact.domain)
        messages.success(request, f"Messages to {contact.domain} go on.")
        return
    held = pause_company(request.member, contact)
    words = f"{plural(held, 'other contact')} in running campaigns"
    messages.success(request, f"{contact.domain} is paused, with {words}, until somebody ends it.")


@require_GET
@member_page(Role.VIEWER)
def attached(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """Give out what is attached, to be saved and never shown: no type of it runs in a browser."""
    return given_out(request.member, pk, number)
