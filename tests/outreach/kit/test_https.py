"""One request over HTTPS: judged, bounded, never led elsewhere, and silent about what was sent."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qs

import pytest

from outreach.kit import connect
from outreach.kit.https import Answer, NoAnswer, get, post_form
from sending.chaos.certificates import Pair, authority, leaf, server_context
from tests.outreach.kit.silence import silent

LOOPBACK = (ip_network("127.0.0.0/8"),)
SECRET = "a secret that was sent"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: Value\r\n\r\nhi"


@contextmanager
def serving(*pieces: bytes, every_s: float = 0, pair: Callable[[], Pair] = leaf, hang: bool = False) -> Iterator[Heard]:
    """Answer each connection with these bytes, then close it."""
    heard, over = Heard(), threading.Event()

    def work(listener: socket.socket) -> None:
        while not over.is_set():
            try:
                plain, _ = listener.accept()
                with plain, server_context(pair()).wrap_socket(plain, server_side=True) as secure:
                    heard.read(secure)
                    for piece in pieces:
                        secure.sendall(piece)
                        over.wait(every_s)
                    if hang:
                        over.wait(10)
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard.port = listener.getsockname()[1]
        thread = threading.Thread(target=work, args=(listener,), daemon=True)
        thread.start()
        yield heard
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


class Heard:
    port = 0
    head = b""
    body = b""

    def read(self, secure: ssl.SSLSocket) -> None:
        content = b""
        while b"\r\n\r\n" not in content:
            content += secure.recv(4096)
        self.head, _, self.body = content.partition(b"\r\n\r\n")
        length = int(self.head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        while len(self.body) < length:
            self.body += secure.recv(4096)


def ask(port: int, *, host: str = "127.0.0.1", timeout_s: float = 9, private: tuple[object, ...] = LOOPBACK) -> Answer:
    context = ssl.create_default_context(cadata=authority().pem)
    url = f"https://{host}:{port}/token"
    return post_form(url, {"secret": SECRET, "é&": "="}, context=context, private=private, timeout_s=timeout_s)  # type: ignore[arg-type]


def problem(port: int, **changes: object) -> str:
    with pytest.raises(NoAnswer) as caught:
        ask(port, **changes)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_a_form_is_sent_and_its_answer_read() -> None:
    with serving(OK) as server:
        answer = ask(server.port)
    assert (answer.status, answer.headers["x-name"], answer.body) == (200, "Value", b"hi")
    assert server.head.startswith(b"POST /token HTTP/1.1\r\n")
    assert parse_qs(server.body.decode()) == {"secret": [SECRET], "é&": ["="]}


def test_a_name_that_was_looked_up_already_is_asked_at_that_address_and_must_prove_its_name() -> None:
    context = ssl.create_default_context(cadata=authority().pem)
    with serving(OK, pair=partial(leaf, "go.test")) as server:
        answer = get(
            f"https://go.test:{server.port}/a?b=c", context=context, at="127.0.0.1", private=LOOPBACK, timeout_s=9
        )
        assert (answer.status, answer.body) == (200, b"hi")
        assert server.head.startswith(b"GET /a?b=c HTTP/1.1\r\n")
        assert f"Host: go.test:{server.port}\r\n".encode() in server.head
        with pytest.raises(NoAnswer, match="TLS failed") as caught:
            get(f"https://other.test:{server.port}/", context=context, at="127.0.0.1", private=LOOPBACK, timeout_s=9)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    with pytest.raises(NoAnswer, match="does not connect to"):
        get("https://go.test/", context=context, at="127.0.0.1", timeout_s=9)


def test_no_redirect_is_followed() -> None:
    with serving(OK) as other, serving(_redirect(other.port)) as server:
        answer = ask(server.port)
    assert (answer.status, other.head) == (307, b"")


def _redirect(port: int) -> bytes:
    return f"HTTP/1.1 307 Moved\r\nLocation: https://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(OK) as server:
        assert ask(server.port).status == 200


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",),
        (b"SSH-2.0-OpenSSH\r\n",),
        (b"",),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + b"x" * 70_000,),
    ],
    ids=["cut", "other protocol", "nothing", "many headers", "long header", "long", "bad chunk", "negative"],
)
def test_what_is_no_whole_answer_is_none(pieces: tuple[bytes, ...]) -> None:
    with serving(*pieces) as server:
        words = problem(server.port)
    assert words in {"The connection to 127.0.0.1 was lost.", "127.0.0.1 answered something that cannot be read."}


@pytest.mark.parametrize("hang", [True, False])
def test_a_server_that_is_silent_or_drips_is_left_in_time(*, hang: bool) -> None:
    drops = [] if hang else [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b"x"] * 500]
    with serving(*drops, every_s=0.05, hang=hang) as server:
        began = time.monotonic()
        # Time enough to be connected on a machine that stands still for a moment: only then is the answer what is late.
        assert problem(server.port, timeout_s=1.5) == "127.0.0.1 did not answer in time."
        assert time.monotonic() - began < 3.1


def test_connecting_and_answering_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(socket.AF_INET, ip_address(one)) for one in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(connect, "_resolve", lambda _host, _port: addresses)
    with serving(hang=True, pair=partial(leaf, "slow.test")) as server, silent("127.0.0.2", port=server.port):
        began = time.monotonic()
        assert problem(server.port, host="slow.test", timeout_s=1) == "slow.test did not answer in time."
        assert 0.9 < time.monotonic() - began < 1.4  # half of it went into the address that is silent


@pytest.mark.parametrize(
    "pair",
    [partial(leaf, "other.test"), partial(leaf, self_signed=True), partial(leaf, first_day=-9, last_day=-2)],
    ids=["host", "issuer", "dates"],
)
def test_a_bad_certificate_hears_nothing(pair: Callable[[], Pair]) -> None:
    with serving(OK, pair=pair) as server:
        assert "TLS failed" in problem(server.port)
    assert server.body == b""


def test_inner_networks_and_odd_ports_are_refused() -> None:
    with serving(OK) as server:
        assert "does not connect to" in problem(server.port, private=())
    assert "Port 8443 is not used for this" in problem(8443, host="8.8.8.8")


def test_only_https_is_spoken() -> None:
    with pytest.raises(ValueError, match="not an https URL"):
        post_form("http://127.0.0.1/", {}, context=ssl.create_default_context(), timeout_s=1)
