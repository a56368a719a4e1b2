"""HTTP of the inbox."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.frames import framed
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.bounces import Kind
from sending.inbox import queries
from sending.inbox.freshness import set_aside_count
from sending.inbox.labelling import LABELLED, class_of, follows_of, label
from sending.inbox.layout import shown
from sending.inbox.models import InboundMessage
from sending.inbox.understanding import understand

_FOLDER = "sending/inbox"
_FRAME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="referrer" content="no-referrer"><title>Layout of the mail</title></head><body>{}</body></html>'
)


@require_GET
@member_page(Role.VIEWER)
def inbound_list(request: MemberRequest) -> HttpResponse:
    """List what came in, newest first, by kind."""
    wanted = request.GET.get("kind", "")
    kind = Kind(wanted) if wanted in set(Kind) else None
    page = paged(request, queries.inbound_of(request.member, kind=kind), by="received_at")
    unreadable = queries.unreadable_of(request.member)
    aside = set_aside_count(request.member)
    context = {"page": page, "kinds": list(Kind), "kind": kind, "unreadable": unreadable, "aside": aside}
    return render_region(request, f"{_FOLDER}/list.html", context, region="inbound")


@require_GET
@member_page(Role.VIEWER)
def inbound_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one mail as text, what it was taken for and why."""
    row = queries.inbound_for(request.member, pk)
    context = {
        "row": row,
        "says": class_of(row),
        "classes": list(ReplyClass) if row.kind in LABELLED else [],
        "follows": follows_of(row),
        "may_change": request.member.may(Role.MEMBER),
        "company": queries.company_of(row.contact) if row.kind == Kind.HUMAN_REPLY else None,
    }
    return render_region(request, f"{_FOLDER}/detail.html", context)


@require_GET
@member_page(Role.VIEWER)
@framed()  # whatever the cleaning had left
def inbound_layout(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the HTML of a mail, made harmless, for its frame."""
    row = queries.inbound_for(request.member, pk)
    html = understand(bytes(row.raw)).mail.html if row.raw else ""
    return HttpResponse(_FRAME.format(shown(html)))


@require_POST
@member_page(Role.MEMBER)
def inbound_label(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep what a person says of an answer, and say where it leads."""
    row = queries.inbound_for(request.member, pk)
    wanted = request.POST.get("label", "")
    if row.kind not in LABELLED or (wanted and wanted not in set(ReplyClass)):
        messages.error(request, "That cannot be said of this mail.")
        return _back(request, row)
    led = label(request.member, row, ReplyClass(wanted) if wanted else None)
    messages.success(request, " ".join(["Kept.", *([led.words] if led else [])]))
    return _back(request, row)


def _back(request: MemberRequest, row: InboundMessage) -> HttpResponse:
    """Lead back to the mail, or to the conversation in which the word was said."""
    if request.POST.get("back") == "thread" and row.thread_id is not None:
        return redirect(request.member.url("inbox:thread", row.thread_id))
    return redirect(request.member.url("inbox:detail", row.pk))
