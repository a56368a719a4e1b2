"""Bodies of requests: whole or not at all, in whatever way they are sent.

Django reads as many bytes as CONTENT_LENGTH names. A body in chunks (RFC 9112, section 7.1) names none, and Django
would take it for empty. One that breaks off ends for the server as any other: Django would take the half for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils.http import parse_header_parameters

_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_IN_MEMORY_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16
_WHY = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.LENGTH_REQUIRED: "Send this body with its length: without, nobody can see whether it is whole.",
}


class WholeBodies:
    """A WSGI application in front of another, which then reads bodies whole or gets an error."""

    def __init__(self, application: _Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in _WRITES:
            return self._application(environ, start_response)
        if not has_no_length(environ):
            if length := environ.get("CONTENT_LENGTH"):
                environ["wsgi.input"] = _Whole(environ["wsgi.input"], int(length))
            return self._application(environ, start_response)
        with measured(environ, settings.BODY_MAX_BYTES) as body:
            if int(environ["CONTENT_LENGTH"]) > settings.BODY_MAX_BYTES:
                return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, start_response)
            if not _is_seen_whole(environ, body):
                return _refuse(HTTPStatus.LENGTH_REQUIRED, start_response)
            return self._application(environ, start_response)


def has_no_length(environ: dict[str, Any]) -> bool:
    """Say whether a body ends where the server says so, and not after so many bytes."""
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ  # outweighs a length that is named beside it (RFC 9112, 6.3)
    return bool(environ.get("wsgi.input_terminated")) and (is_chunked or not environ.get("CONTENT_LENGTH"))


def measured(environ: dict[str, Any], most: int) -> IO[bytes]:
    """Read a body that names no length, and name it: of one with more than `most` bytes, one byte more than that.

    Returns the body, which whoever gets the request reads; close it afterwards.
    """
    stream, body, size = environ["wsgi.input"], SpooledTemporaryFile(_IN_MEMORY_BYTES), 0  # noqa: SIM115
    while size <= most and (piece := stream.read(min(_PIECE_BYTES, most + 1 - size))):
        size += body.write(piece)
    body.seek(0)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


class _Whole:
    """A body of a known length; whoever reads it asks for no more than that. Raises BadRequest where it breaks off."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int) -> bytes:
        body = bytearray()
        while len(body) < size and (piece := self._stream.read(size - len(body))):
            body += piece
        return self._counted(bytes(body), is_end=len(body) < size)

    def readline(self, size: int) -> bytes:
        line = self._stream.readline(size)
        return self._counted(line, is_end=len(line) < size and not line.endswith(b"\n"))

    def _counted(self, piece: bytes, *, is_end: bool) -> bytes:
        self._left -= len(piece)
        if is_end and self._left > 0:
            raise BadRequest("The body broke off.")
        return piece


def _is_seen_whole(environ: dict[str, Any], body: IO[bytes]) -> bool:
    """Say whether a body without a length shows its own end: nobody else tells where one broke off."""
    if environ["CONTENT_LENGTH"] == "0":
        return True
    kind, words = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    if kind == "application/json":
        return True  # a half is no JSON, or fits no schema
    if kind != "multipart/form-data" or not words.get("boundary"):
        return False
    end = f"--{words['boundary']}--".encode("latin-1", "replace")
    body.seek(max(0, int(environ["CONTENT_LENGTH"]) - len(end) - 1_000))
    is_whole = body.read().rstrip().endswith(end)
    body.seek(0)
    return is_whole


def _refuse(status: HTTPStatus, start_response: Callable[..., Any]) -> list[bytes]:
    said = _WHY[status].encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(said)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [said]
