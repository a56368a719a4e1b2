"""Versions of what others may change, too: an ETag with each answer, and If-Match with each change (RFC 9110, 13.1.1).

Pages say by `seen` what they were drawn from (outreach/kit/stale.py); this is the same fingerprint in a header.
"""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse
from django.utils.http import parse_etags
from ninja import Header
from pydantic import StringConstraints

from outreach.rest.problems import Problem, Refused, refuse

HEADER = "If-Match"
IfMatch = Annotated[
    str,
    StringConstraints(max_length=1000),
    Header(
        "",
        alias=HEADER,
        description="The `ETag` of what you have read, so that nothing is replaced that you have not seen; "
        "`*` replaces whatever stands there.",
    ),
]


def mark(response: HttpResponse, fingerprint: str) -> None:
    """Say with an answer which version it has."""
    response["ETag"] = _tag(fingerprint)


def seen(if_match: str, current: str) -> str | None:
    """Return the fingerprint that a change was made from, to be asked again under the lock; None where any will do.

    Raises Refused: 428 without the header, 412 for another version than the current one.
    """
    if not if_match:
        raise refuse(428, f"Send the ETag of what you have read as {HEADER}, or * to replace whatever stands there.")
    tags = parse_etags(if_match)
    if tags == ["*"]:
        return None
    if _tag(current) not in tags:
        raise Refused(overtaken(current))
    return current


def overtaken(current: str) -> Problem:
    """Return the problem of a change to what somebody else has changed meanwhile."""
    words = "Somebody else has changed it since you read it. Read it again, and send its ETag."
    return Problem(412, "overtaken", words, headers={"ETag": _tag(current)})


def _tag(fingerprint: str) -> str:
    return f'"{fingerprint}"'
