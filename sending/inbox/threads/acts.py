"""HTTP of what is done with one conversation: each leads back to it, or to the list that it was opened from."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.inbox.threads import queries, services, snoozes
from sending.inbox.threads.frame import back
from sending.inbox.threads.services import NotPossible


@require_POST
@member_page(Role.MEMBER)
def thread_read(request: MemberRequest, pk: int) -> HttpResponse:
    """Mark a conversation as read, or as unread again (unread=1)."""
    thread = queries.thread_for(request.member, pk)
    is_read = not request.POST.get("unread")
    changed = services.mark_read(request.member, thread, is_read=is_read)
    if request.htmx:
        response = HttpResponse(status=204)
        if changed:
            response["HX-Trigger"] = "threads"  # the list shows it at once
        return response
    return back(request, None if not is_read else thread)


@require_POST
@member_page(Role.MEMBER)
def thread_done(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a conversation away."""
    services.put_away(request.member, queries.thread_for(request.member, pk))
    return back(request, None)


@require_POST
@member_page(Role.MEMBER)
def thread_open(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a conversation up again."""
    thread = queries.thread_for(request.member, pk)
    services.take_up(request.member, thread)
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_assignee(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a conversation to somebody, or to nobody."""
    thread = queries.thread_for(request.member, pk)
    wanted = request.POST.get("assignee", "")
    try:
        services.assign(request.member, thread, _number(wanted) if wanted else None)
    except NotPossible as error:
        messages.error(request, str(error))
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_snooze(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a conversation sleep, and lead back to the list."""
    thread = queries.thread_for(request.member, pk)
    zone = ZoneInfo(request.member.workspace.time_zone)
    until = snoozes.read(request.POST.get("until", "") or request.POST.get("at", ""), clock.now(), zone)
    try:
        services.snooze(request.member, thread, until)
    except NotPossible as error:
        messages.error(request, str(error))
        return back(request, thread)
    return back(request, None)


@require_POST
@member_page(Role.MEMBER)
def thread_label(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a label on a conversation (name=), or take one off (off=)."""
    thread = queries.thread_for(request.member, pk)
    off = request.POST.get("off", "")
    try:
        if off:
            services.take_label(request.member, thread, _number(off))
        else:
            services.put_label(request.member, thread, request.POST.get("name", ""))
    except NotPossible as error:
        messages.error(request, str(error))
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_note(request: MemberRequest, pk: int) -> HttpResponse:
    """Write a note of the team into a conversation."""
    thread = queries.thread_for(request.member, pk)
    try:
        services.add_note(request.member, thread, request.POST.get("text", ""))
    except NotPossible as error:
        messages.error(request, str(error))
    return back(request, thread)


def _number(text: str) -> int:
    """Read the id of a row; 0, which is nobody's, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
