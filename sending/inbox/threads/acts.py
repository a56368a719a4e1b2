"""HTTP of what is done with one conversation: each leads back to it, or to the list that it was opened from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from campaigns.templating import left_open
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.ids import row_id
from sending.inbox.deciding_views import decide_company
from sending.inbox.threads import answers, queries, services, snoozes
from sending.inbox.threads.frame import back
from sending.inbox.threads.models import Thread
from sending.inbox.threads.services import NotPossible
from sending.mailboxes.states import MailboxState

_AT_ONCE = timedelta(minutes=1)


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
    return _tried(request, thread, partial(services.assign, request.member, thread, row_id(wanted) if wanted else None))


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
    if off := request.POST.get("off", ""):
        return _tried(request, thread, partial(services.take_label, request.member, thread, row_id(off)))
    name = request.POST.get("name", "")
    return _tried(request, thread, partial(services.put_label, request.member, thread, name))


@require_POST
@member_page(Role.MEMBER)
def thread_note(request: MemberRequest, pk: int) -> HttpResponse:
    """Write a note of the team into a conversation."""
    thread = queries.thread_for(request.member, pk)
    return _tried(request, thread, partial(services.add_note, request.member, thread, request.POST.get("text", "")))


@require_POST
@member_page(Role.MEMBER)
def thread_company(request: MemberRequest, pk: int) -> HttpResponse:
    """Pause everybody at the company of whom a conversation is with, or let them go on (resume=1)."""
    thread = queries.thread_for(request.member, pk)
    if thread.contact is None:
        messages.error(request, "It is with nobody of ours.")
    else:
        decide_company(request, thread.contact)
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_answer(request: MemberRequest, pk: int) -> HttpResponse:
    """Put an answer up to be sent; what cannot be is kept as the draft."""
    thread = queries.thread_for(request.member, pk)
    text = request.POST.get("text", "")
    try:
        row = answers.answer(request.member, thread, _wish(request, text))
    except NotPossible as error:
        answers.keep_draft(request.member, thread, text)
        messages.error(request, str(error))
    else:
        waits = row.message.retry_at is not None and row.message.retry_at > clock.now() + _AT_ONCE
        if row.message.mailbox.state != MailboxState.ACTIVE:
            reason = row.message.mailbox.state_reason or "see its page"
            messages.warning(request, f"It waits: {row.message.mailbox.address} does not send now ({reason}).")
        elif waits:
            messages.success(request, "It leaves when you said.")
        else:
            messages.success(request, "It leaves as soon as its mailbox may send.")
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_draft(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep what somebody has written so far; its page is told what is still open in it."""
    thread = queries.thread_for(request.member, pk)
    text = request.POST.get("text", "")
    answers.keep_draft(request.member, thread, text)
    if request.htmx:
        return render(request, "sending/inbox/threads/_open.html", {"still_open": left_open(text[: answers.LONGEST])})
    return back(request, thread)


@require_POST
@member_page(Role.MEMBER)
def thread_call_back(request: MemberRequest, pk: int) -> HttpResponse:
    """Take an answer back that nobody has claimed yet."""
    thread = queries.thread_for(request.member, pk)
    try:
        answers.call_back(request.member, thread, row_id(request.POST.get("message", "")))
        messages.success(request, "Called back. Its words are your draft.")
    except NotPossible as error:
        messages.error(request, str(error))
    return back(request, thread)


def _wish(request: MemberRequest, text: str) -> answers.Wish:
    """Read what somebody wants to answer. Raises NotPossible."""
    zone = ZoneInfo(request.member.workspace.time_zone)
    at = request.POST.get("at", "")
    send_at = snoozes.read(at, clock.now(), zone) if at else None
    if at and send_at is None:
        raise NotPossible("The time to send it at has to lie ahead.")
    try:
        token = UUID(request.POST.get("token", ""))
    except ValueError as error:
        raise NotPossible("The form was not sent whole: try again.") from error
    return answers.Wish(
        text=text,
        token=token,
        mail_id=row_id(request.POST.get("mail", "")),
        quotes=bool(request.POST.get("quotes")),
        send_at=send_at,
        confirmed=bool(request.POST.get("confirmed")),
        as_it_stands=bool(request.POST.get("as_it_stands")),
    )


def _tried(request: MemberRequest, thread: Thread, act: Callable[[], object]) -> HttpResponse:
    """Do something with a conversation, or say why it is not possible; back to it either way."""
    try:
        act()
    except NotPossible as error:
        messages.error(request, str(error))
    return back(request, thread)
