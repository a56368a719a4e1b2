"""What is posted to the tracking host, in whatever way it is sent."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import Any

MOST_BYTES = 10_000  # no form of ours, and no mail program's, is longer


def measure(environ: dict[str, Any]) -> None:
    """Give a body that was sent without its length one, so that Django reads it: without, it reads nothing.

    A client that sends its body in chunks names no length (RFC 9112, section 7.1), and the server hands the body on as
    one that ends by itself. One that is too long is read just so far that it is seen to be.
    """
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ  # outweighs a length that is named beside it (RFC 9112, 6.3)
    if environ.get("wsgi.input_terminated") and (is_chunked or not environ.get("CONTENT_LENGTH")):
        body = _read(environ["wsgi.input"])
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))


def _read(stream: Any) -> bytes:
    """Return a stream up to its end, or to where it breaks off, or one byte more than any of ours has."""
    body = bytearray()
    with suppress(OSError):
        while len(body) <= MOST_BYTES and (piece := stream.read(MOST_BYTES + 1 - len(body))):
            body += piece
    return bytes(body)
