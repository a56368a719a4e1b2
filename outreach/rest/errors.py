"""Turn what goes wrong inside an operation into problems: the frameworks' errors here, a room's own by its list."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from outreach.kit.paging import BadCursor
from outreach.rest.problems import TITLES, Problem, Refused, answer

Tell = Callable[[Any], Problem]
logger = logging.getLogger(__name__)
_ARGUMENTS = {"wanted", "sought"}  # what operations call a body or a query: no word of the caller's


def tell_errors(api: NinjaAPI, of_rooms: Mapping[type[Exception], Tell]) -> None:
    """Let the API answer every error with a problem."""
    for kind, tell in {**_COMMON, **of_rooms}.items():
        api.add_exception_handler(kind, _handler(tell))


def invalid(field: str, cause: str) -> Problem:
    """Return the problem of one value that does not make sense."""
    return Problem(422, "invalid", cause, errors=[{"field": field, "detail": cause}])


def _handler(tell: Tell) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(_request: HttpRequest, error: Any) -> HttpResponse:
        return answer(tell(error))

    return handle


def _validation(error: ValidationError) -> Problem:
    errors = [{"field": _place(one["loc"]), "detail": str(one["msg"])} for one in error.errors]
    first = errors[0]
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return Problem(422, "invalid", f"{first['field']}: {first['detail']}.{more}", errors=errors[:100])


def _place(loc: tuple[Any, ...]) -> str:
    """Return where a value stands: ("body", "wanted", "contacts", 3, "email") -> "contacts.3.email"."""
    source, *rest = loc
    inner = rest[1:] if len(rest) > 1 and rest[0] in _ARGUMENTS else rest
    return ".".join(str(part) for part in inner) or str(source)


def _http(error: HttpError) -> Problem:
    status = error.status_code if error.status_code in TITLES else 400
    return Problem(status, TITLES[status][0], str(error))


def _unforeseen(error: Exception) -> Problem:
    logger.error("api.failed", exc_info=error)
    return Problem(500, "error", "The server failed at this request. Its log says why.")


_COMMON: Mapping[type[Exception], Tell] = {
    Exception: _unforeseen,
    Refused: lambda error: error.problem,
    ValidationError: _validation,
    HttpError: _http,
    Http404: lambda _: Problem(404, "not_found", "There is no such thing in this workspace."),
    PermissionDenied: lambda error: Problem(403, "not_allowed", str(error) or "This key may not do that."),
    RequestDataTooBig: lambda _: Problem(413, "too_large", "The body is larger than this takes."),
    SuspiciousOperation: lambda _: Problem(400, "bad_request", "The request cannot be read."),
    BadRequest: lambda _: Problem(400, "bad_request", "The request cannot be read."),
    MultiPartParserError: lambda _: Problem(400, "bad_request", "The form cannot be read: is its boundary right?"),
    UnreadablePostError: lambda _: Problem(400, "bad_request", "The body ended before its time."),
    BadCursor: lambda error: invalid("cursor", str(error)),
}
