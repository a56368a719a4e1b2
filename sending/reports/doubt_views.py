"""HTTP of the doubts: see them, and settle them as a person."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.sequences.queries import campaigns_of
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from outreach.kit.words import plural
from sending.outbox.doubts import send_again, settle_as_sent
from sending.outbox.states import DOUBTS
from sending.reports import doubts

_FOLDER = "sending/reports"
_MOST = 200
_QUESTIONS = {"arrived", "again"}


@require_GET
@member_page(Role.VIEWER)
def doubts_page(request: MemberRequest) -> HttpResponse:
    """List what is in doubt, or was assumed to be sent after a day of doubt."""
    filters = doubts.doubt_filters_from(request.GET)
    page = paged(request, doubts.doubts_of(request.member, filters), by="dot_at")
    context = {
        "page": page,
        "doubts": doubts.told(request.member, page.rows),
        "filters": filters,
        "is_filtered": filters != doubts.DoubtFilters(),
        "states": DOUBTS,
        "campaigns": campaigns_of(request.member),
    }
    return render_region(request, f"{_FOLDER}/doubts.html", context, region="doubts")


@require_POST
@member_page(Role.MEMBER)
def doubts_chosen(request: MemberRequest) -> HttpResponse:
    """Ask once, then do what a person has decided about the messages that are ticked."""
    ids = [int(text) for text in request.POST.getlist("message")[:_MOST] if text.isdecimal() and len(text) < 18]
    action = request.POST.get("action", "")
    chosen = doubts.chosen_doubts(request.member, ids)
    if not chosen:
        messages.warning(request, "Tick the messages first; nothing was changed.")
    elif action in _QUESTIONS:
        return _ask(request, action, chosen)
    elif action == "arrived_confirmed":
        count = settle_as_sent(request.member, ids)
        words = f"{plural(count, 'message counts,messages count')} as sent now." if count else "Nothing was in doubt."
        (messages.success if count else messages.warning)(request, words)
    elif action == "again_confirmed":
        _send_again(request, ids)
    return redirect(_back(request, ids))


def _ask(request: MemberRequest, action: str, chosen: Sequence[doubts.Doubt]) -> HttpResponse:
    """Name the count and the risk before anything is done."""
    possible = [one for one in chosen if action == "arrived" or one.why_not is None]
    context = {
        "action": action,
        "possible": possible,
        "others": [one for one in chosen if one not in possible],
        "back": _back(request, [one.message.pk for one in chosen]),
        "back_to": request.POST.get("back", "")[:10],
    }
    return render_region(request, f"{_FOLDER}/doubts_ask.html", context)


def _send_again(request: MemberRequest, ids: Sequence[int]) -> None:
    done = send_again(request.member, ids)
    if done.count:
        words = plural(done.count, "message goes,messages go")
        messages.success(request, f"{words} out again, within the hours and limits of the mailbox.")
    for why, count in done.refused.items():
        messages.warning(request, f"{plural(count, 'message is,messages are')} not sent again: {why}.")


def _back(request: MemberRequest, ids: Sequence[int]) -> str:
    if request.POST.get("back") == "message" and len(ids) == 1:
        return request.member.url("reports:message", ids[0])
    return request.member.url("reports:doubts")
