"""HTTP of the tests of a mailbox: try both servers, watch that, send a mail to oneself."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from sending.mailboxes import queries
from sending.mailboxes.live import watched
from sending.mailboxes.selfmail import NotNow, send_to_self
from sending.mailboxes.testing import test_connections

# How often the page asks for a test of which nothing is to be seen, before it waits for the answer alone.
_MOST_LOOKS = 20
_TEST_NOW = "mailbox_to_test"


@require_POST
@member_page(Role.MEMBER)
def mailbox_test(request: MemberRequest, pk: int) -> HttpResponse:
    """Sign in to both servers now. The test runs inside this request; with scripts the page watches it meanwhile."""
    results = test_connections(queries.mailbox_for(request.member, pk))
    if all(result.passed for result in results):
        messages.success(request, "Both servers let us in.")
    else:
        messages.error(request, "The test did not pass. What is wrong, and what to do, stands below.")
    if request.htmx:
        return HttpResponseClientRefresh()
    return redirect(request.member.url("mailboxes:detail", pk))


@require_GET
@member_page(Role.VIEWER)
def mailbox_tests(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the newest tests, and the one under way line by line."""
    mailbox = queries.mailbox_for(request.member, pk)
    if not request.htmx:
        return redirect(request.member.url("mailboxes:detail", pk))
    told = request.GET.get("looks", "")
    looks = int(told) if told.isdecimal() and len(told) < 3 else 0
    under_way = watched(pk)
    context = {
        "mailbox": mailbox,
        "watched": under_way,
        "tests": queries.newest_tests(mailbox),
        "looks": 0 if under_way else looks + 1,
        "looks_again": bool(under_way) or looks < _MOST_LOOKS,
    }
    return render(request, "sending/mailboxes/detail.html#tests", context)


@require_POST
@member_page(Role.MEMBER)
def mailbox_test_mail(request: MemberRequest, pk: int) -> HttpResponse:
    """Send one real message from the mailbox to itself or to a tested one of the workspace."""
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        result = send_to_self(request.member, mailbox, request.POST.get("recipient", ""))
    except NotNow as error:
        messages.error(request, f"No test mail was sent. {error}")
    else:
        if result.passed:
            messages.success(request, "The test mail has left.")
        else:
            messages.error(request, "The test mail failed. What is wrong, and what to do, stands on this page.")
    return redirect(request.member.url("mailboxes:detail", pk) + "#test-mail")


def ask_for_test(session: SessionBase, mailbox_id: int) -> None:
    """Let the page of the mailbox begin a test as soon as it is shown: once, in this browser, and by no link."""
    session[_TEST_NOW] = mailbox_id


def takes_test_now(session: SessionBase, mailbox_id: int) -> bool:
    """Say whether the page of the mailbox is to begin a test, and forget it."""
    if session.get(_TEST_NOW) != mailbox_id:
        return False
    del session[_TEST_NOW]
    return True
