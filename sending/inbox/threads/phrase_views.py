"""HTTP of the library beside an answer: choose an entry as it would read there, and put it into the draft."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.ids import row_id
from sending.inbox.threads import queries
from sending.inbox.threads.answers import draft_of, keep_draft
from sending.inbox.threads.frame import back, query_of
from sending.inbox.threads.ground import ground_of
from sending.inbox.threads.phrases import phrase_for, phrases_of


@require_GET
@member_page(Role.MEMBER)
def thread_phrases(request: MemberRequest, pk: int) -> HttpResponse:
    """Show templates and snippets as they would stand in an answer."""
    thread = queries.thread_for(request.member, pk)
    sought = request.GET.get("q", "")
    context = {
        "thread": thread,
        "query": query_of(request.GET),
        "sought": sought,
        "phrases": phrases_of(request.member, thread, ground_of(thread), sought),
    }
    region = "found" if request.headers.get("HX-Target") == "phrases-found" else "phrases"
    return render_region(request, "sending/inbox/threads/phrases.html", context, region=region)


@require_POST
@member_page(Role.MEMBER)
def thread_phrase(request: MemberRequest, pk: int) -> HttpResponse:
    """Put an entry of the library under what somebody has written so far."""
    thread = queries.thread_for(request.member, pk)
    kind, entry = request.POST.get("kind", ""), row_id(request.POST.get("entry", ""))
    phrase = phrase_for(request.member, thread, ground_of(thread), kind=kind, pk=entry)
    if phrase.problem:
        messages.error(request, phrase.problem)
    else:
        before = draft_of(request.member, thread).rstrip()
        keep_draft(request.member, thread, f"{before}\n\n{phrase.text}" if before else phrase.text)
    return back(request, thread)
