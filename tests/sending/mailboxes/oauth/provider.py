"""A provider on 127.0.0.1 that speaks real HTTPS: consent, codes with PKCE, tokens that may rotate, and faults as told.

`script` holds what its token endpoint does at the next requests instead of answering well.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from sending.chaos.certificates import leaf, server_context

CLIENT_ID, CLIENT_SECRET = "client-of-this-instance", "secret-of-the-client"
SCOPE = "https://mail.google.com/"


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer of the token endpoint. meanwhile: done before it answers."""

    status: int = 500
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    hang_s: float = 0
    drip_s: float = 0  # between two bytes
    meanwhile: Callable[[], None] | None = None
    counts: bool = False  # the request is carried out, and this is only done before the good answer


def refusal(error: str, status: int = 400) -> Fault:
    return Fault(status, json.dumps({"error": error, "error_description": "with words"}).encode())


@dataclass
class FakeProvider:
    """See the module. life_s: of an access token. rotating: each refresh token is good for one refresh."""

    account: str = "me@acme.test"
    scope: str = SCOPE
    life_s: int = 3600
    rotating: bool = True
    gives_refresh_token: bool = True
    claims: dict[str, Any] = field(default_factory=dict)  # instead of those of a good id_token
    script: list[Fault] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)  # the forms that its token endpoint got
    paths: list[str] = field(default_factory=list)  # where they were sent
    good: set[str] = field(default_factory=set)  # the refresh tokens that it takes
    issued: list[str] = field(default_factory=list)  # the access tokens, in order
    port: int = 0

    def __enter__(self) -> Self:
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                provider._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Be silent about clients that hang up: some tests want just that."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._server.block_on_close = True
        self._server.socket = server_context(leaf()).wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def refreshes(self) -> int:
        return sum(form["grant_type"] == "refresh_token" for form in self.asked)

    def new_refresh_token(self) -> str:
        """Give a refresh token as if somebody had signed in."""
        token = f"refresh-{len(self.good)}-{time.monotonic_ns()}"
        self.good.add(token)
        return token

    def consent(self, target: str) -> dict[str, str]:
        """Say yes on the page to which the browser was sent; return what the browser brings back."""
        asked = dict(parse_qsl(urlsplit(target).query))
        assert target.startswith(f"{self.url}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) > 40
        code = f"code-{len(self._codes)}-{time.monotonic_ns()}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.url}

    # -- the token endpoint --
    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        with self._lock:
            self.asked.append(form)
            self.paths.append(request.path)
            fault = self.script.pop(0) if self.script else None
        if fault is not None and fault.meanwhile is not None:
            fault.meanwhile()
        if fault is None or fault.counts:
            status, content = self._granted(form)
            fault = Fault(status, json.dumps(content).encode())
        self._over.wait(fault.hang_s)
        request.send_response(fault.status)
        for name, value in (*fault.headers, ("Content-Length", str(len(fault.body)))):
            request.send_header(name, value)
        request.end_headers()
        step = 1 if fault.drip_s else max(1, len(fault.body))
        for start in range(0, len(fault.body), step):
            request.wfile.write(fault.body[start : start + step])
            if self._over.wait(fault.drip_s):
                return

    def _granted(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        with self._lock:
            if form["grant_type"] == "refresh_token":
                return self._refreshed(form["refresh_token"])
            return self._exchanged(form)

    def _refreshed(self, token: str) -> tuple[int, dict[str, Any]]:
        if token not in self.good:
            return 400, {"error": "invalid_grant"}
        answer = self._new_access_token()
        if self.rotating:
            self.good.discard(token)
            answer["refresh_token"] = self.new_refresh_token()
        return 200, answer

    def _exchanged(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked is None or challenge.decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "exp": time.time() + 3600, "nonce": asked["nonce"],
            "email": self.account, "email_verified": True,
        }  # fmt: skip
        answer = self._new_access_token() | {"id_token": _jwt(claims | self.claims)}
        if self.gives_refresh_token:
            answer["refresh_token"] = self.new_refresh_token()
        return 200, answer

    def _new_access_token(self) -> dict[str, Any]:
        self.issued.append(f"access-{len(self.issued)}-{time.monotonic_ns()}")
        return {
            "access_token": self.issued[-1], "expires_in": self.life_s, "token_type": "Bearer", "scope": self.scope,
        }  # fmt: skip


def _jwt(claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in ({}, claims)]
    return ".".join((*parts, "signature"))


def returned_to(answer: dict[str, str]) -> str:
    """Return the address that the provider sends the browser back to."""
    return f"/oauth/return?{urlencode(answer)}"
