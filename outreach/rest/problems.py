"""Refusals of the API, as RFC 9457 writes them: application/problem+json, each with a name that stays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not done. `code` is for programs and stays; `detail` is for the person who reads it."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()  # {"field": "email", "detail": "..."} for each value that is wrong
    headers: Mapping[str, str] = field(default_factory=dict)


# Every status that a refusal can have, with its usual name and words.
TITLES: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be read"),
    401: ("not_admitted", "No key that opens this"),
    403: ("not_allowed", "The key may not do this"),
    404: ("not_found", "There is no such thing here"),
    405: ("wrong_method", "This address takes other methods"),
    409: ("conflict", "What stands there is in the way"),
    412: ("overtaken", "Somebody else was faster"),
    413: ("too_large", "The body is too large"),
    415: ("wrong_media_type", "The body is of another kind than this takes"),
    422: ("invalid", "The values do not make sense"),
    428: ("version_missing", "The request must say what it was made from"),
    429: ("too_many_requests", "Too many requests with this key"),
    500: ("error", "The server failed"),
}


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(status: int, detail: str, *, code: str = "", **headers: str) -> Refused:
    """Return what to raise; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refused(Problem(status, code or TITLES[status][0], detail, headers=named))


def answer(problem: Problem) -> HttpResponse:
    """Return the problem as a response."""
    body: dict[str, Any] = {
        "type": f"urn:outreach:problem:{problem.code}",
        "title": TITLES[problem.status][1],
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=problem.status, content_type=CONTENT_TYPE)
    for name, value in problem.headers.items():
        response[name] = value
    return response
