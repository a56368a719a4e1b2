"""The gallery on a live server, opened by a member in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.browser.walker import WIDE, Walker, browser
from tests.builders import make_member, make_workspace

Opened = Callable[..., AbstractContextManager[Walker]]


@pytest.fixture(autouse=True)
def _gallery_is_served(request: pytest.FixtureRequest) -> None:
    if "opened" not in request.fixturenames:
        return
    templates = deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    change = request.getfixturevalue("settings")
    change.TEMPLATES = templates
    change.ROOT_URLCONF = "tests.ui.urls"


@pytest.fixture
def opened(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open the gallery: `with opened(width=360, dark=True) as walker`."""
    # Playwright keeps an event loop in this thread; the few queries of the test itself do not wait for it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_member(make_workspace("acme", name="Acme"))
    client = Client()
    client.force_login(member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value

    @contextmanager
    def window(*, width: int = WIDE, dark: bool = False, themes: bool = False) -> Iterator[Walker]:
        with browser(live_server.url, width=width, dark=dark, themes=themes) as walker:
            walker.page.context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
            )
            walker.open("/w/acme/gallery")
            yield walker

    return window
