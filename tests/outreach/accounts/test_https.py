"""What changes when people reach the server by https: cookies that never travel in the clear."""

from __future__ import annotations

import json
import os
import subprocess
import sys

_NAMES = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY", "ALLAUTH_TRUSTED_PROXY_COUNT",
)  # fmt: skip
_PRINT = f"import json; from outreach import settings as s; print(json.dumps({{n: getattr(s, n) for n in {_NAMES!r}}}))"


def settings_at(public_url: str) -> dict[str, object]:
    environment = {**os.environ, "OUTREACH_PUBLIC_URL": public_url}
    done = subprocess.run(
        [sys.executable, "-c", _PRINT], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_an_https_address_locks_the_cookies_to_https_and_to_this_host() -> None:
    assert settings_at("https://mail.example.com") == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
    }


def test_on_a_laptop_cookies_work_without_https_and_no_header_is_believed() -> None:
    found = settings_at("http://127.0.0.1:8000")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is False
    assert found["SESSION_COOKIE_HTTPONLY"] is found["CSRF_COOKIE_HTTPONLY"] is True
    assert found["ALLAUTH_TRUSTED_PROXY_COUNT"] == found["SECURE_HSTS_SECONDS"] == 0
