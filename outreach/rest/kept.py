"""Answers that are kept for a day, so that a POST whose answer was lost may be sent again and is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from outreach.accounts.models import KeptAnswer, Workspace
from outreach.accounts.programs import KEPT_FOR
from outreach.kit import clock, session_lock
from outreach.rest.problems import refuse

HEADER = "Idempotency-Key"
_KEY_LIMIT = 255
_SPACE = 0x1DE4  # our own number space among PostgreSQL's advisory locks
_PIECE_BYTES = 256 * 1024


Settle = Callable[[], None]


def done_once(
    request: HttpRequest, workspace: Workspace, run: Callable[[Settle], HttpResponseBase]
) -> HttpResponseBase:
    """Return what the same request was answered before, or run it and keep the answer, both or neither.

    run is given what begins the transaction that ends with the keeping of the answer: whatever takes long and changes
    nothing stands before it. While it runs, a lock of the session says that it does; it goes with whoever is killed,
    and the next one with the same key does it, once. A refusal is not kept, and whatever it may have changed is
    undone: it can be mended and sent with the same key.
    Raises Refused for a key that is used for another request, or that is being worked at.
    """
    key = _key_of(request)
    fingerprint = _fingerprint(request)
    with session_lock.tried(_SPACE, _number_of(workspace.pk, key)) as is_mine:
        if not is_mine:
            raise refuse(
                409, f"A request with this {HEADER} is being worked at. Try again in a moment.",
                code="in_progress", Retry_After="1",
            )  # fmt: skip
        if (answer := _kept(workspace, key, fingerprint)) is not None:
            return answer
        with _Settling() as settling:
            response = run(settling.begin)
            settling.begin()
            if response.status_code >= 400 or not isinstance(response, HttpResponse):
                transaction.set_rollback(True)
            else:
                _keep(workspace, key, fingerprint, response)
            return response


class _Settling(ExitStack):
    """A transaction that begins when it is wanted, and ends with the block."""

    has_begun = False

    def begin(self) -> None:
        if not self.has_begun:
            self.enter_context(transaction.atomic())
            self.has_begun = True


def _key_of(request: HttpRequest) -> str:
    key = request.headers.get(HEADER, "")
    if not 0 < len(key) <= _KEY_LIMIT or not key.isascii() or not key.isprintable():
        raise refuse(400, f"{HEADER} takes 1 to {_KEY_LIMIT} printable ASCII characters.", code="bad_idempotency_key")
    return key


def _fingerprint(request: HttpRequest) -> str:
    """Return a digest of what is asked. Of a form, its values and files: each try has another boundary."""
    digest = hashlib.sha256()
    for part in (request.method or "", request.path, request.META.get("QUERY_STRING", "")):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.hexdigest()
    for name in sorted(request.POST):
        digest.update(repr((name, request.POST.getlist(name))).encode("utf-8", "surrogatepass"))
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            digest.update(repr((name, file.name, file.size)).encode("utf-8", "surrogatepass"))
            for piece in file.chunks(_PIECE_BYTES):
                digest.update(piece)
            file.seek(0)
    return digest.hexdigest()


def _number_of(workspace_id: int, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{workspace_id}:{key}".encode()).digest()[:4], signed=True)


def _kept(workspace: Workspace, key: str, fingerprint: str) -> HttpResponse | None:
    row = KeptAnswer.objects.filter(workspace=workspace, key=key).first()
    if row is None:
        return None
    if row.created_at < clock.now() - KEPT_FOR:
        row.delete()
        return None
    if row.fingerprint != fingerprint:
        raise refuse(
            422, f"This {HEADER} was used for another request. Take a new one for each thing to do.",
            code="idempotency_key_reused",
        )  # fmt: skip
    response = HttpResponse(bytes(row.body), status=row.status, content_type=row.content_type)
    if row.location:
        response["Location"] = row.location
    response["Idempotent-Replayed"] = "true"
    return response


def _keep(workspace: Workspace, key: str, fingerprint: str, response: HttpResponse) -> None:
    KeptAnswer.objects.create(
        workspace=workspace,
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        content_type=response["Content-Type"],
        location=response.get("Location", ""),
        body=response.content,
        created_at=clock.now(),
    )
