"""The tracking hosts: answered before everything else, with an URL conf of their own and nothing of the pages.

That of this instance, and the tracking domains of its workspaces that were proven to lead here.

No session, no cookie, no CSRF token: whoever comes here is nobody whom the program knows, and what they may do stands
in the token. Whatever is wrong gets one and the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port
from django.urls import Resolver404, get_resolver

from sending.links.addresses import host
from sending.links.hosts import proof
from sending.links.hosts.known import KNOWN
from sending.tracking.answers import HEADERS, LOST, Answer

URLS = "sending.tracking.host_urls"
_OURS = "/.well-known/outreach/"  # at any host: what a tracking domain is proven with
_CERTIFICATE = f"{_OURS}certificate"
_USUAL_PORTS = frozenset({"80", "443"})
_WORKSPACE = "outreach.workspace"  # in META, where what a request brings has other names
_logger = logging.getLogger(__name__)


def lost() -> HttpResponse:
    """Return the answer to whatever is not ours."""
    return response_of(LOST)


def response_of(answer: Answer) -> HttpResponse:
    """Return an answer as Django has it."""
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def asked_workspace(request: HttpRequest) -> int | None:
    """Return over whose tracking domain a request came, None where it came over the instance's host."""
    return cast("int | None", request.META.get(_WORKSPACE))


def is_foreign(request: HttpRequest, workspace_id: int) -> bool:
    """Say whether a request came over the tracking domain of another workspace."""
    return asked_workspace(request) not in {None, workspace_id}


def is_instances(name: str) -> bool:
    """Say whether a host, in its plain spelling, is the tracking host of this instance."""
    return bool(name) and name == _host()


@cache
def _host() -> str:
    return plain(urlsplit(host()).netloc)


class TrackingDoor:
    """Answers what is asked of the tracking hosts; everything else goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = plain(request.META.get("HTTP_HOST", ""))
        if request.path_info.startswith(_OURS):
            response: HttpResponseBase = _well_known(request, name)
        elif is_instances(name):
            response = _answer(request)
        elif (workspace_id := KNOWN.workspace_of(split_domain_port(name)[0])) is not None:
            request.META[_WORKSPACE] = workspace_id
            response = _answer(request)
        else:
            return self._get_response(request)
        if isinstance(response, HttpResponse):  # else it would be sent in pieces
            response.headers.setdefault("Content-Length", str(len(response.content)))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def plain(name: str) -> str:
    """Return a host in one spelling: in small letters, without the dot of the root, and without a usual port."""
    domain, port = split_domain_port(name)
    return f"{domain}:{port}" if port and port not in _USUAL_PORTS else domain


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
