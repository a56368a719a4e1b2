"""Clicks and opens, answered in front of Django: by the same functions, at a fraction of the cost.

Whatever needs the database, and whatever is none of them, goes on to Django, whose door answers it (door.py). An
opt-out that is posted in chunks gets its length on the way, and is read no farther than any can be long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from outreach.kit.bodies import has_no_length, measured
from sending.links.hosts.known import KNOWN
from sending.tracking import answers
from sending.tracking.answers import HEADERS, MOST_BYTES, READING, Answer
from sending.tracking.door import is_instances, plain

_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_CLICK, _OPEN, _OPT_OUT = "/c/", "/o/", "/u/"
_KINDS = frozenset({_CLICK, _OPEN})
_WORDS = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}
_logger = logging.getLogger(__name__)


class TrackingFront:
    """A WSGI application in front of another."""

    def __init__(self, application: _Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        kind = environ["PATH_INFO"][:3]
        answer = _answer(environ) if kind in _KINDS else None
        if answer is None:
            if kind == _OPT_OUT and environ["REQUEST_METHOD"] == "POST" and has_no_length(environ):
                with measured(environ, MOST_BYTES):
                    return self._application(environ, start_response)
            return self._application(environ, start_response)
        headers = {**answer.headers, "Content-Length": str(len(answer.body)), **HEADERS}
        start_response(_WORDS[HTTPStatus(answer.status)], list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def _answer(environ: dict[str, Any]) -> Answer | None:
    """Return what is answered, None where Django has to."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    kind, token = path[:3], path[3:]
    if method not in READING or "/" in token:
        return None
    name = plain(environ.get("HTTP_HOST", ""))
    workspace_id = None
    if not is_instances(name) and (workspace_id := KNOWN.kept(name)) is None:
        return None
    try:
        if kind == _OPEN:
            return answers.opened(environ, method, token)
        return answers.click(environ, method, token, workspace_id=workspace_id, without_query=True)
    except Exception:
        _logger.exception("tracking.failed")
        return None
