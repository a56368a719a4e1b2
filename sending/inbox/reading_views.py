"""HTTP of how mailboxes are read: their freshness, a back-fill, what could not be taken in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.imap import Protocol
from sending.inbox import freshness
from sending.inbox.aside import give_another_chance
from sending.inbox.filling import MOST_DAYS, NoBackFill, ask
from sending.inbox.filling_drops import MOST_OF_A_DROP, OLDER_IN_A_ROW
from sending.inbox.reading import read_soon
from sending.mailboxes.queries import mailbox_for

_FOLDER = "sending/inbox"
_USUAL_DAYS = 14


@require_GET
@member_page(Role.VIEWER)
def reading(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how a mailbox is read: how fresh, which folders, what comes next."""
    mailbox = mailbox_for(request.member, pk)
    context = {
        "mailbox": mailbox,
        "stands": freshness.standing_of(mailbox),
        "is_imap": mailbox.reading == Protocol.IMAP,
        "most_days": MOST_DAYS,
        "usual_days": _USUAL_DAYS,
        "most_of_a_drop": MOST_OF_A_DROP,
        "older_in_a_row": OLDER_IN_A_ROW,
        "may_act": request.member.may(Role.MEMBER),
    }
    return render_region(request, f"{_FOLDER}/reading.html", context, region="reading")


@require_POST
@member_page(Role.MEMBER)
def reading_now(request: MemberRequest, pk: int) -> HttpResponse:
    """Read a mailbox as soon as a worker is free."""
    mailbox = mailbox_for(request.member, pk)
    read_soon(mailbox.pk)
    messages.success(request, "It is read within seconds.")
    return redirect(request.member.url("inbox:reading", pk))


@require_POST
@member_page(Role.MEMBER)
def back_fill(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask for the mail of so many days."""
    mailbox = mailbox_for(request.member, pk)
    typed = request.POST.get("days", "")
    try:
        ask(request.member, mailbox, int(typed) if typed.isascii() and typed.isdigit() else 0)
    except NoBackFill as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "It begins with the next reading, within seconds.")
    return redirect(request.member.url("inbox:reading", pk))


@require_GET
@member_page(Role.VIEWER)
def set_aside(request: MemberRequest) -> HttpResponse:
    """List the mails that could not be taken in, with the reason."""
    context = {"rows": freshness.set_aside_of(request.member), "may_act": request.member.may(Role.MEMBER)}
    return render_region(request, f"{_FOLDER}/aside.html", context, region="aside")


@require_POST
@member_page(Role.MEMBER)
def set_aside_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a mail three more tries."""
    row = freshness.set_aside_for(request.member, pk)
    give_another_chance(row)
    read_soon(row.mailbox_id)
    messages.success(request, "It is tried again with the next reading, within seconds.")
    return redirect(request.member.url("inbox:set_aside"))
