"""Redirects never lead away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit.redirects import is_own_path, own_path


@pytest.mark.parametrize("url", ["/", "/w/acme/", "/w/acme/?next=https://elsewhere.example", "/a%2F%2Fb", "/ü"])
def test_a_path_of_this_site_is_kept(url: str) -> None:
    assert own_path(url, otherwise="/start") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "///evil.example",
        "/\t/evil.example",
        " /w/acme/",
        "javascript:alert(1)",
        "w/acme/",
        "?next=/",
        "\x00/",
        "/\\",
        "/w/\n",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert own_path(url, otherwise="/start") == "/start"


@given(st.text(alphabet="/\\:@.?# \tab%", max_size=12))
def test_no_own_path_begins_like_another_host(url: str) -> None:
    if is_own_path(url):
        assert url.startswith("/")
        assert not url.replace("\\", "/").replace("\t", "").startswith("//")
