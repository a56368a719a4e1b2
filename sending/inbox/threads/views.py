"""HTTP of the conversations: one page of three columns, and what is done there."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import Member, MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.inbox.queries import unreadable_of
from sending.inbox.threads import queries, services
from sending.inbox.threads.models import Thread
from sending.inbox.threads.states import SCOPE_WORDS, Scope

_PAGE = "sending/inbox/threads/page.html"
# What stays in the address while somebody works through a list.
_KEPT = ("scope", "q", "after", "before")


@require_GET
@member_page(Role.VIEWER)
def thread_list(request: MemberRequest) -> HttpResponse:
    """Show the conversations of a scope, newest first."""
    context = _columns(request)
    if request.htmx and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render_region(request, _PAGE, context, region="threads")


@require_GET
@member_page(Role.VIEWER)
def thread_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one conversation beside its list; asked again by its page (?version=), only where it has changed."""
    thread = queries.thread_for(request.member, pk)
    if request.htmx and request.GET.get("version") == str(thread.version):
        return HttpResponse(status=204)
    context = {} if request.htmx else _columns(request)
    context |= {
        "thread": thread,
        "talk": queries.conversation_of(thread),
        "query": _query_of(request.GET),
        "may_change": request.member.may(Role.MEMBER),
    }
    return render_region(request, _PAGE, context, region="talk")


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
    return _back(request, None if not is_read else thread)


@require_POST
@member_page(Role.MEMBER)
def thread_done(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a conversation away."""
    services.put_away(request.member, queries.thread_for(request.member, pk))
    return _back(request, None)


@require_POST
@member_page(Role.MEMBER)
def thread_open(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a conversation up again."""
    thread = queries.thread_for(request.member, pk)
    services.take_up(request.member, thread)
    return _back(request, thread)


def _columns(request: MemberRequest) -> dict[str, Any]:
    """Return what the columns of scopes and of conversations show."""
    member, asked = request.member, request.GET
    scope = Scope(asked["scope"]) if asked.get("scope") in set(Scope) else Scope.ALL
    search = asked.get("q", "").replace("\x00", "").strip()[: queries.LONGEST_SEARCH]
    page = paged(request, queries.threads_of(member, scope, search=search), by="newest_at")
    counts = queries.counts_of(member)
    unreadable = unreadable_of(member)
    query = _query_of(asked)
    seen = queries.fingerprint(page.rows, counts, page.newer, page.older, [(one.pk, one.problem) for one in unreadable])
    return {
        "page": page,
        "scope": scope,
        "scopes": [(one, SCOPE_WORDS[one], _count(counts[one])) for one in Scope],
        "scope_words": SCOPE_WORDS[scope],
        "search": search,
        "unreadable": unreadable,
        "query": query,
        "seen": seen,
        "again": _again(member, query, seen),
    }


def _count(count: int) -> str:
    return f"{queries.MOST_COUNTED - 1}+" if count >= queries.MOST_COUNTED else str(count)


def _query_of(data: QueryDict) -> str:
    """Return what of a query names the list, for the addresses of its conversations."""
    kept = QueryDict(mutable=True)
    for name in _KEPT:
        value = data.get(name, "")
        if value and "\x00" not in value:
            kept[name] = value[:500]
    return kept.urlencode()


def _again(member: Member, query: str, seen: str) -> str:
    return f"{member.url('inbox:list')}?{query}&seen={seen}" if query else f"{member.url('inbox:list')}?seen={seen}"


def _back(request: MemberRequest, thread: Thread | None) -> HttpResponse:
    """Lead back to the conversation, or to the list that it was opened from."""
    url = request.member.url("inbox:thread", thread.pk) if thread else request.member.url("inbox:list")
    query = _query_of(QueryDict(request.POST.get("list", "")))
    return redirect(f"{url}?{query}" if query else url)
