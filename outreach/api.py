"""The HTTP API, put together from the rooms' parts; upper rooms are named as strings."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path, re_path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from outreach.accounts.access import by_api_key, public
from outreach.rest.document import document
from outreach.rest.door import door
from outreach.rest.errors import Tell, tell_errors
from outreach.rest.problems import Problem, answer

# Each has `router`, and PROBLEMS: what its own errors are answered with.
ROOMS = (
    "campaigns.contacts.api", "campaigns.sequences.api", "campaigns.library.api", "sending.inbox.api",
    "sending.domains.api", "sending.links.api", "sending.mailboxes.api", "sending.dmarc.api", "sending.planner.api",
    "sending.tracking.api", "sending.reports.api",
)  # fmt: skip
PREFIX = "api/v1/"
_ABOUT = """Contacts, lists, imports, suppressions, campaigns, the library, conversations and feedback of one workspace.

Send a key as `Authorization: Bearer okey_…`. Refusals are `application/problem+json`. Lists answer the newest first,
with a cursor in `next`. Each answer says how many requests are left (`RateLimit`)."""


def make_api(*rooms: str) -> NinjaAPI:
    """Return the API of these rooms. Raises ImproperlyConfigured for an operation that needs no scope."""
    api = NinjaAPI(
        title="Outreach", version="1", description=_ABOUT, urls_namespace="api", openapi_url=None, docs_url=None
    )
    api.add_decorator(door, mode="view")
    problems: dict[type[Exception], Tell] = {}
    for room in rooms:
        api.add_router("", import_string(f"{room}.router"))
        problems |= import_string(f"{room}.PROBLEMS")
    tell_errors(api, problems)
    return api


api = make_api(*ROOMS)


@require_safe
@public
def openapi(_request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document: it holds nothing of anybody's."""
    return JsonResponse(_document())


@csrf_exempt
@public
def missing(_request: HttpRequest) -> HttpResponse:
    """Answer an address that the API does not have."""
    return answer(Problem(404, "not_found", "There is no such address; /api/v1/openapi.json has them all."))


@cache
def _document() -> dict[str, Any]:
    return document(api, PREFIX)


def _page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let the door of its operations guard a view, and tell of methods that none of them has as of any refusal."""

    @by_api_key
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = ", ".join(sorted(response["Allow"].split(", ")))
            return answer(Problem(405, "wrong_method", f"This address takes {allowed}.", headers={"Allow": allowed}))
        return response

    return answered


def _operations() -> list[URLPattern]:
    found = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in found:
        pattern.callback = _page(pattern.callback)
    return found


app_name = "api"
urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    *_operations(),
    path("", missing, name="root"),
    re_path(r"^[\s\S]+$", missing, name="missing"),  # path:... has no line break in it
]
