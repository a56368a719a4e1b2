"""The whole page, or the region that htmx asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from outreach.kit.htmx import render_region

PAGE = "<main>{% partialdef rows inline %}<ul>{{ word }}</ul>{% endpartialdef %}</main>"


@pytest.fixture(autouse=True)
def _page(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    templates = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    settings.TEMPLATES = templates


def answer(**headers: str) -> HttpResponse:
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return render_region(request, "page.html", {"word": "Ada"}, region="rows", status=422)


def test_a_browser_gets_the_page() -> None:
    assert answer().content == b"<main><ul>Ada</ul></main>"


def test_htmx_gets_the_same_region_alone() -> None:
    assert answer(**{"HX-Request": "true"}).content == b"<ul>Ada</ul>"


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_boosted_link_and_the_history_get_the_page(header: str) -> None:
    assert answer(**{"HX-Request": "true", header: "true"}).content.startswith(b"<main>")


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_caches_are_told_and_the_status_is_kept(headers: dict[str, str]) -> None:
    response = answer(**headers)
    assert "HX-Request" in response["Vary"]
    assert response.status_code == 422
