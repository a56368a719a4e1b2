"""HTTP of the tracking host. Nothing that is read changes anything; what is posted is an opt-out."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.template.loader import render_to_string

from outreach.kit.tokens import instance_signer
from sending.ledger.kinds import How
from sending.links.addresses import OPT_OUT
from sending.tracking import answers
from sending.tracking.answers import LOST, MOST_BYTES, READING
from sending.tracking.door import asked_workspace, is_foreign, lost, response_of
from sending.tracking.opting import NothingLeft, Recipient, leave_all, leave_sender, leave_series, recipient
from sending.tracking.origins import origin_of, sender_of
from sending.tracking.style import STYLE

_NOBODY = (0, 0)
_ONE_CLICK = ("List-Unsubscribe", "One-Click")


def click(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to where a link leads."""
    answer = answers.click(request.META, request.method or "", token, workspace_id=asked_workspace(request))
    # Written out and not by Django's class, which takes for a fault what it does not know: the row was checked.
    return response_of(answer or LOST)


def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Give the image of a message."""
    return response_of(answers.opened(request.META, request.method or "", token))


def opt_out(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be chosen, or do it: by the page's buttons, or by a mail program's one click (RFC 8058)."""
    who = _who(request, token)
    if who is None:
        return lost()
    if request.method == "POST":
        return _leave(request, who, token)
    if request.method not in READING:
        return lost()
    return _page("opt_out", who, token)


def source(request: HttpRequest, token: str) -> HttpResponse:
    """Say where the address is from, who has it and why, and what the person may ask for."""
    who = _who(request, token)
    if who is None or request.method not in READING:
        return lost()
    return _page("source", who, token, origin=origin_of(who), sender=sender_of(who))


def _who(request: HttpRequest, token: str) -> Recipient | None:
    # What is no token is looked up, too: it takes as long as one of somebody who is gone.
    who = recipient(*(instance_signer().read(OPT_OUT, token, count=2) or _NOBODY))
    return None if who is None or is_foreign(request, who.workspace.pk) else who


def _leave(request: HttpRequest, who: Recipient, token: str) -> HttpResponse:
    posted = _posted(request)
    if posted.get(_ONE_CLICK[0], "").strip() == _ONE_CLICK[1]:
        leave_all(who, "One click in their mail program (RFC 8058).", how=How.ONE_CLICK)
        return HttpResponse("You will get no more messages.", content_type="text/plain")
    try:
        match posted.get("what"):
            case "all":
                leave_all(who, "On the opt-out page.", how=How.PAGE)
            case "sender" if who.sender:
                leave_sender(who)
            case "series" if who.enrollment_id is not None:
                leave_series(who)
            case _:
                return _page("opt_out", who, token, status=400)
    except NothingLeft:  # it went while they pressed: the page says what can still be chosen
        left = _who(request, token)
        return _page("opt_out", left, token, status=410) if left else lost()
    return _page("done", who, token, what=posted["what"])


def _posted(request: HttpRequest) -> Mapping[str, str]:
    """Return the pairs of a form of either kind, none where it cannot be read or is longer than any of these.

    Whatever charset a mail program names: the words that count are ASCII.
    """
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return {}
        match request.content_type:
            case "application/x-www-form-urlencoded":
                return dict(parse_qsl(request.body.decode("ascii", "replace"), max_num_fields=20))
            case "multipart/form-data":
                return {name: str(value) for name, value in request.POST.items()}
    except (ValueError, BadRequest, SuspiciousOperation, MultiPartParserError, RawPostDataException, OSError):
        pass
    return {}


def _page(name: str, who: Recipient, token: str, *, status: int = 200, **values: object) -> HttpResponse:
    values |= {"who": who, "style": STYLE, "page_path": f"/u/{token}", "source_path": f"/u/{token}/source"}
    return HttpResponse(render_to_string(f"sending/tracking/host/{name}.html", values), status=status)
