"""What stays in the address while somebody works through a list, and the way back to it."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect

from outreach.accounts.access import MemberRequest
from sending.inbox.threads.models import Thread

_KEPT = ("scope", "label", "q", "after", "before")


def query_of(data: QueryDict) -> str:
    """Return what of a query names the list, for the addresses of its conversations."""
    kept = QueryDict(mutable=True)
    for name in _KEPT:
        value = data.get(name, "")
        if value and "\x00" not in value:
            kept[name] = value[:500]
    return kept.urlencode()


def back(request: MemberRequest, thread: Thread | None) -> HttpResponse:
    """Lead back to the conversation, or to the list that it was opened from."""
    url = request.member.url("inbox:thread", thread.pk) if thread else request.member.url("inbox:list")
    query = query_of(QueryDict(request.POST.get("list", "")))
    return redirect(f"{url}?{query}" if query else url)
