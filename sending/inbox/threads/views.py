"""HTTP of the conversations: one page of three columns, and what is done there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.states import ReplyClass
from campaigns.templating import left_open
from outreach.accounts.access import Member, MemberRequest, member_page
from outreach.accounts.queries import members_of
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region
from outreach.kit.ids import row_id
from outreach.kit.paging import paged
from sending.inbox.freshness import set_aside_count
from sending.inbox.labelling import class_of, follows_of
from sending.inbox.queries import company_of, unreadable_of
from sending.inbox.threads import queries, snoozes
from sending.inbox.threads.answers import draft_of
from sending.inbox.threads.frame import query_of
from sending.inbox.threads.ground import ground_of
from sending.inbox.threads.models import Label, Thread
from sending.inbox.threads.saying import conversation_of, read_place
from sending.inbox.threads.searching import MOST_LOOKED_AT, bound_of, read_search
from sending.inbox.threads.states import SCOPE_WORDS, Scope

_FOLDER = "sending/inbox/threads"
_PAGE = f"{_FOLDER}/page.html"


@require_GET
@member_page(Role.VIEWER)
def thread_list(request: MemberRequest) -> HttpResponse:
    """Show the conversations of a scope, newest first."""
    context = _columns(request, row_id(request.GET.get("open", "")))
    if request.htmx and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render_region(request, _PAGE, context, region="threads")


@require_GET
@member_page(Role.VIEWER)
def thread_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one conversation beside its list; asked again by its page (?version=), only where it has changed.

    since: where the page that asks again begins; older: what was said before that place is shown instead.
    """
    thread = queries.thread_for(request.member, pk)
    version = queries.version_of(thread)
    if request.htmx and request.GET.get("version") == version:
        return HttpResponse(status=204)
    since, older = read_place(request.GET.get("since", "")), read_place(request.GET.get("older", ""))
    context = {
        "talk": conversation_of(thread, since=since, before=older),
        "is_earlier": older is not None,
        "version": version,
        "query": query_of(request.GET),
    }
    if request.htmx and older is not None:
        context |= {"thread": thread, "may_change": request.member.may(Role.MEMBER)}
        return render_region(request, f"{_FOLDER}/earlier.html", context)
    if request.htmx:
        context |= _of_thread(request, thread, queries.labels_of(request.member))
        return render_region(request, f"{_FOLDER}/redraw.html", context)
    columns = _columns(request, pk)
    context |= {**_of_thread(request, thread, columns["labels"]), **columns, **_of_answer(request, thread)}
    return render_region(request, _PAGE, context)


def _of_thread(request: MemberRequest, thread: Thread, labels: Sequence[Label]) -> dict[str, Any]:
    """Return what the head of a conversation shows and offers."""
    answer = queries.newest_answer(thread)
    return {
        "thread": thread,
        "labels_on": queries.labels_on(thread),
        "all_labels": labels,
        "answer": answer,
        "classes": list(ReplyClass),
        "says": class_of(answer) if answer else None,
        "follows": follows_of(answer) if answer else "",
        "company": company_of(thread.contact) if thread.is_talk else None,
        "may_change": request.member.may(Role.MEMBER),
        "people": [one.user for one in members_of(request.member) if Role(one.role).reaches(Role.MEMBER)],
        "snoozes": snoozes.offered(clock.now(), ZoneInfo(request.member.workspace.time_zone)),
    }


def _of_answer(request: MemberRequest, thread: Thread) -> dict[str, Any]:
    """Return what the form of an answer shows; it stays while the conversation beside it is asked for again."""
    draft = draft_of(request.member, thread)
    return {"ground": ground_of(thread), "draft": draft, "still_open": left_open(draft), "token": uuid4()}


def _columns(request: MemberRequest, opened: int) -> dict[str, Any]:
    """Return what the columns of scopes and of conversations show; opened: the one that stands beside them."""
    member, asked = request.member, request.GET
    scope = Scope(asked["scope"]) if asked.get("scope") in set(Scope) else Scope.ALL
    labels = queries.labels_of(member)
    label = next((one for one in labels if str(one.pk) == asked.get("label")), None)
    sought = read_search(asked.get("q", ""))
    rows = queries.threads_of(member, scope, sought=sought, label=label.pk if label else None)
    page = paged(request, queries.with_labels(rows), by="newest_at", bound=bound_of(sought))
    counts = queries.counts_of(member)
    unreadable, aside = unreadable_of(member), set_aside_count(member)
    query = query_of(asked)
    problems = [(one.pk, one.problem) for one in unreadable]
    named = [(one.pk, one.name) for one in labels]
    seen = queries.fingerprint(page.rows, counts, page.newer, page.older, problems, named, aside)
    return {
        "page": page,
        "scope": scope,
        "scopes": [(one, SCOPE_WORDS[one], _count(counts[one])) for one in Scope],
        "scope_words": SCOPE_WORDS[scope],
        "search": sought.text if sought else "",
        "most_looked_at": MOST_LOOKED_AT,
        "labels": labels,
        "label": label,
        "unreadable": unreadable,
        "aside": aside,
        "query": query,
        "seen": seen,
        "opened": opened,
        "again": _again(member, query, seen, opened),
    }


def _count(count: int) -> str:
    return f"{queries.MOST_COUNTED - 1}+" if count >= queries.MOST_COUNTED else str(count)


def _again(member: Member, query: str, seen: str, opened: int) -> str:
    parts = [query, f"seen={seen}", f"open={opened}" if opened else ""]
    return f"{member.url('inbox:list')}?{'&'.join(part for part in parts if part)}"
