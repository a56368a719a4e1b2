"""The world around a tracking domain: a DNS server, and a proxy with TLS before this very program."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from outreach.wsgi import application
from sending.chaos.certificates import Pair, authority, leaf, server_context
from sending.links.hosts import lookup, proof
from tests.dnsserver import FakeDns

HOST, TARGET = "go.acme.test", "go.example.net"
ALIAS = f"{HOST}. 60 IN CNAME {TARGET}.\n{TARGET}. 60 IN A 127.0.0.1\n"

App = Callable[[dict[str, Any], Any], Any]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Proxy(WSGIServer):
    def handle_error(self, *_: Any) -> None:
        """Whoever refuses the certificate hangs up."""


@contextmanager
def proxy(monkeypatch: pytest.MonkeyPatch, *, pair: Pair | None = None, app: App = application) -> Iterator[None]:
    """Answer at the port at which tracking domains are asked, with this certificate."""
    with make_server("127.0.0.1", 0, app, server_class=_Proxy, handler_class=_Quiet) as server:
        server.socket = server_context(pair or leaf(HOST)).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        monkeypatch.setattr(proof, "PORT", server.server_port)
        monkeypatch.setattr(proof, "trusted", lambda: ssl.create_default_context(cadata=authority().pem))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join(10)


@contextmanager
def zone(monkeypatch: pytest.MonkeyPatch, text: str, *, broken: str = "") -> Iterator[FakeDns]:
    """Answer all questions about tracking domains from a zone; broken: a name that gets SERVFAIL."""
    with FakeDns(text, broken=frozenset({broken} if broken else ())) as server:
        monkeypatch.setattr(lookup, "make_resolver", server.resolver)
        yield server


def renamed(name: str) -> App:
    """Return a proxy that hands requests on with another Host header."""

    def app(environ: dict[str, Any], start: Any) -> Any:
        return application({**environ, "HTTP_HOST": name}, start)

    return app


def stranger(_environ: dict[str, Any], start: Any) -> list[bytes]:
    """Answer as somebody else's web site."""
    start("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Welcome</h1>"]
