"""The tracking hosts: answered before everything else, with an URL conf of their own and nothing of the pages.

That of this instance, and the tracking domains of its workspaces that were proven to lead here.

No session, no cookie, no CSRF token: whoever comes here is nobody whom the program knows, and what they may do stands
in the token. Whatever is wrong gets one and the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port
from django.urls import Resolver404, get_resolver

from sending.links.addresses import host
from sending.links.hosts import proof
from sending.links.hosts.known import KNOWN
from sending.tracking.style import STYLE_HASH

URLS = "sending.tracking.host_urls"
_OURS = "/.well-known/outreach/"  # at any host: what a tracking domain is proven with
_CERTIFICATE = f"{_OURS}certificate"
_WORKSPACE = "outreach.workspace"  # in META, where what a request brings has other names
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
_LOST = (
    b"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    b"<meta name=color-scheme content='light dark'><title>Nothing here</title><h1>Nothing here</h1>"
    b"<p>This address leads nowhere, or not any more.</p>"
)
_logger = logging.getLogger(__name__)


def lost() -> HttpResponse:
    """Return the answer to whatever is not ours."""
    return HttpResponse(_LOST, status=404)


def is_foreign(request: HttpRequest, workspace_id: int) -> bool:
    """Say whether a request came over the tracking domain of another workspace."""
    return cast("int | None", request.META.get(_WORKSPACE)) not in {None, workspace_id}


class TrackingDoor:
    """Answers what is asked of the tracking hosts; everything else goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._host = urlsplit(host()).netloc.lower()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request.META.get("HTTP_HOST", "").lower()
        if request.path_info.startswith(_OURS):
            response: HttpResponseBase = _well_known(request, name)
        elif name and name == self._host:
            response = _answer(request)
        elif (workspace_id := KNOWN.workspace_of(split_domain_port(name)[0])) is not None:
            request.META[_WORKSPACE] = workspace_id
            response = _answer(request)
        else:
            return self._get_response(request)
        if isinstance(response, HttpResponse):  # else it would be sent in pieces
            response.headers.setdefault("Content-Length", str(len(response.content)))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _well_known(request: HttpRequest, name: str) -> HttpResponse:
    """Answer our own question whether a host leads here, and the proxy's whether to get a certificate for one."""
    if request.path_info.startswith(proof.PATH):
        said = proof.answer_to(request.path_info.removeprefix(proof.PATH), name)
        return HttpResponse(said, content_type="text/plain") if said else lost()
    # The proxy asks by itself: what it hands on for others has this header.
    is_proxy = request.path_info == _CERTIFICATE and "HTTP_X_FORWARDED_FOR" not in request.META
    asked = request.GET.get("domain", "").lower() if is_proxy else ""
    return HttpResponse("yes", content_type="text/plain") if KNOWN.may_be_certified(asked) else lost()


def _answer(request: HttpRequest) -> HttpResponseBase:
    try:
        found = get_resolver(URLS).resolve(request.path_info)
    except Resolver404:
        return lost()
    try:
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    except Exception:
        _logger.exception("tracking.failed")
        return HttpResponse("Something went wrong here. Please try again.", status=500, content_type="text/plain")
    return answer
