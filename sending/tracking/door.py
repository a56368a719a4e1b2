"""The tracking host: answered before everything else, with an URL conf of its own and nothing of the pages.

No session, no cookie, no CSRF token: whoever comes here is nobody whom the program knows, and what they may do stands
in the token. Whatever is wrong gets one and the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, get_resolver

from sending.links.addresses import host
from sending.tracking.style import STYLE_HASH

URLS = "sending.tracking.host_urls"
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


class TrackingDoor:
    """Answers what is asked of the tracking host; everything else goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._host = urlsplit(host()).netloc.lower()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self._host or request.META.get("HTTP_HOST", "").lower() != self._host:
            return self._get_response(request)
        response = _answer(request)
        if isinstance(response, HttpResponse):  # else it would be sent in pieces
            response.headers.setdefault("Content-Length", str(len(response.content)))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


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
