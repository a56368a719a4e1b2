"""One request over HTTPS, one bounded answer: for the few places where this program asks another one.

The address is judged as for every connection (`connect`), no redirect is followed, no proxy of the environment is used,
no cookie is kept, and the whole exchange has an end however slowly the other side drips.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlencode, urlsplit

from outreach.kit.connect import ConnectProblem, IPNetwork, safe_connect_sync
from outreach.kit.watch import Watch

PORTS = frozenset({443})
_MOST_BYTES = 64 * 1024
_HEADERS = {"Accept-Encoding": "identity", "Connection": "close"}
_FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


class NoAnswer(ConnectionError):
    """There was no usable answer; the words are for people and hold nothing that was sent. The cause is chained."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def post_form(
    url: str,
    fields: Mapping[str, str],
    *,
    context: ssl.SSLContext,
    private: Sequence[IPNetwork] = (),
    timeout_s: float,
) -> Answer:
    """Send a form to an https URL; all of it takes at most timeout_s, the answer at most 64 KiB. Raises NoAnswer."""
    asked = _Asked("POST", urlencode(fields).encode(), _FORM)
    return _answer(url, asked, context=context, private=private, timeout_s=timeout_s)


def get(
    url: str, *, context: ssl.SSLContext, at: str = "", private: Sequence[IPNetwork] = (), timeout_s: float
) -> Answer:
    """Ask for an https URL, bounded as post_form is. Raises NoAnswer.

    at: the IP address to ask, where the name was looked up already; certificate and Host are those of the URL.
    """
    return _answer(url, _Asked("GET", at=at), context=context, private=private, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    at: str = ""


def _answer(
    url: str, asked: _Asked, *, context: ssl.SSLContext, private: Sequence[IPNetwork], timeout_s: float
) -> Answer:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"not an https URL: {url}")
    host, port = parts.hostname, parts.port or 443
    watch = Watch(timeout_s)
    try:
        sock = safe_connect_sync(asked.at or host, port, ports=PORTS, private=private, timeout_s=timeout_s)
        with sock:
            watch.begin(sock)
            with context.wrap_socket(sock, server_hostname=host) as secure:
                return _exchange(secure, parts, asked)
    except ConnectProblem as error:
        raise NoAnswer(str(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(_words(host, error, is_late=watch.has_barked)) from error
    finally:
        watch.end()


def _exchange(secure: ssl.SSLSocket, parts: SplitResult, asked: _Asked) -> Answer:
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    with closing(HTTPConnection(parts.netloc)) as connection:
        connection.sock = secure
        connection.request(asked.method, path, asked.body, {**_HEADERS, **asked.headers})
        with connection.getresponse() as response:
            content = response.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise HTTPException("an answer that is too long")
            if response.length:
                raise ConnectionError("an answer that was cut short")
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def _words(host: str, error: Exception, *, is_late: bool) -> str:
    if is_late or isinstance(error, TimeoutError):
        return f"{host} did not answer in time."
    if isinstance(error, ssl.SSLError):
        return f"{host} could not be reached safely: TLS failed."
    if isinstance(error, OSError):
        return f"The connection to {host} was lost."
    return f"{host} answered something that cannot be read."
