"""Bodies of requests as a server of WSGI hands them on: with a length or none, whole, half and too long."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest
from django.test import override_settings

from campaigns.contacts.services.chunks import SIZE_LIMIT_BYTES
from outreach.kit.bodies import WholeBodies

JSON, FORM, PARTS = "application/json", "application/x-www-form-urlencoded", 'multipart/form-data; boundary="-x"'
WHOLE = b"---x\r\n\r\nhello\r\n---x--\r\n"


class Dripping(BytesIO):
    """Gives three bytes at a time, as a server may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, size if size and size > 0 else 3))


def sent(body: bytes, kind: str, *, length: int | None = None) -> tuple[int, bytes]:
    """Send a body; return the status, and what the application read: by the length, as Django does."""
    said: list[Any] = []
    read: list[bytes] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        read.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [])
        return []

    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": kind,
        "wsgi.input": Dripping(body),
        "wsgi.input_terminated": True,
        **({"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}),
    }
    list(WholeBodies(application)(environ, lambda *told: said.extend(told)))
    return int(said[0][:3]), b"".join(read)


@pytest.mark.parametrize(("body", "kind"), [(b"{}", JSON), (WHOLE, PARTS), (b"", FORM)])
def test_a_body_is_read_whole_with_its_length_and_without(body: bytes, kind: str) -> None:
    assert sent(body, kind) == sent(body, kind, length=len(body)) == (200, body)


@pytest.mark.parametrize(("body", "kind"), [(WHOLE[:-6], PARTS), (WHOLE, "multipart/form-data"), (b"a=b", FORM)])
def test_what_does_not_show_its_end_is_refused_without_a_length(body: bytes, kind: str) -> None:
    assert sent(body, kind) == (411, b"")
    assert sent(body, kind, length=len(body)) == (200, body)


def test_a_body_that_breaks_off_cannot_be_read() -> None:
    with pytest.raises(BadRequest):
        sent(b"a=b", FORM, length=4)


def test_a_body_without_a_length_may_be_as_long_as_the_largest_file_and_no_longer() -> None:
    assert settings.BODY_MAX_BYTES > SIZE_LIMIT_BYTES
    with override_settings(BODY_MAX_BYTES=10):
        assert sent(b"[1, 2, 34]", JSON) == (200, b"[1, 2, 34]")
        assert sent(b"[1, 2, 345]", JSON) == (413, b"")
