"""What the tracking host answers to clicks and opens, whoever asks: Django's handler, or what stands in front of it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach.kit.tokens import instance_signer
from sending.links.addresses import CLICK, OPEN, TRAP
from sending.links.services import destination, is_kept
from sending.tracking.hits import seen
from sending.tracking.states import HitKind
from sending.tracking.storing import HITS
from sending.tracking.style import STYLE_HASH

READING = frozenset({"GET", "HEAD"})
MOST_BYTES = 10_000  # of an opt-out that is posted: no form of ours, and no mail program's, is longer
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
_IMAGE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to somebody who reads, without the HEADERS that all have."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


LOST = Answer(
    404,
    {"Content-Type": "text/html; charset=utf-8"},
    b"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    b"<meta name=color-scheme content='light dark'><title>Nothing here</title><h1>Nothing here</h1>"
    b"<p>This address leads nowhere, or not any more.</p>",
)
_NOWHERE = (0, -1)  # no message, and no destination
_OPENED = Answer(200, {"Content-Type": "image/gif"}, _IMAGE)


def click(
    meta: Mapping[str, Any], method: str, token: str, *, workspace_id: int | None, without_query: bool = False
) -> Answer | None:
    """Lead to where a link leads, and note who asked.

    meta: of the request, as WSGI names it. workspace_id: whose tracking domain was asked, None for the instance's host.
    None where it would take a query and none is wanted; nothing is noted then.
    """
    if method not in READING:
        return LOST
    # What is no token is looked up, too: it takes as long as one whose destination is gone, or that has none.
    message_id, number = instance_signer().read(CLICK, token, count=2) or _NOWHERE
    if without_query and not is_kept(number):
        return None
    found = destination(number)
    if found is not None and workspace_id not in {None, found[0]}:
        return LOST  # of another workspace: nobody has followed their link
    if message_id and (found is not None or number == TRAP):
        HITS.add(seen(meta, method, HitKind.TRAP if number == TRAP else HitKind.CLICK, message_id, number))
    if found is None:
        return LOST
    return Answer(302, {"Content-Type": "text/html; charset=utf-8", "Location": found[1]})


def opened(meta: Mapping[str, Any], method: str, token: str) -> Answer:
    """Give the image of a message, and note who asked."""
    numbers = instance_signer().read(OPEN, token, count=1)
    if numbers is None or method not in READING:
        return LOST
    if numbers[0]:
        HITS.add(seen(meta, method, HitKind.OPEN, numbers[0]))
    return _OPENED
