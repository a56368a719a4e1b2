"""A recipient opts out at the tracking host by keyboard alone: first of a series, then of everything."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from campaigns.contacts.models import Suppression
from sending.planner.states import StopReason
from tests.browser.walker import NARROW, Walker, browser
from tests.sending.tracking.host import NAME
from tests.sending.tracking.serving import PATIENCE_S, serving
from tests.sending.tracking.stage import followed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOST = f"https://{NAME}"


def lead_to_the_host(walker: Walker, port: int) -> None:
    """Hand on to the web process what Chromium asks of the tracking host, as a proxy does, with no certificate here."""

    def answer(route: Any) -> None:
        request = route.request
        if request.url.endswith("/favicon.ico"):
            route.fulfill(status=204)
            return
        headers = {"Host": NAME, "X-Forwarded-For": "198.51.100.7", **request.headers}
        asking = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        asking.request(request.method, urlsplit(request.url).path, request.post_data, headers)
        found = asking.getresponse()
        route.fulfill(status=found.status, headers=dict(found.getheaders()), body=found.read())
        asking.close()

    walker.page.route(f"{HOST}/**", answer)


def press(walker: Walker, button: str) -> None:
    """Go to a button by keyboard, press it there, and judge the page that follows."""
    page = walker.page
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == button:
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walker.checked()


def test_a_recipient_ends_a_series_and_then_everything_by_keys_on_a_telephone(tmp_path: Path) -> None:
    with serving(tmp_path) as port, followed(steps=2) as stage:
        url = stage.send().header
        with browser(HOST, width=NARROW, dark=True, themes=True) as walker:
            lead_to_the_host(walker, port)
            walker.open(url.removeprefix(HOST))
            press(walker, "Only end this series of messages")
            assert "This series of messages is over" in walker.page.inner_text("main")
            assert stage.post.enrollment_of("ada").stop_reason == StopReason.OPTED_OUT
            assert not Suppression.objects.exists()
            press(walker, "Never write to me again")
            assert "will not write to you again" in walker.page.inner_text("main")
            assert Suppression.objects.get().value == "ada@x.test"
            walker.open(url.removeprefix(HOST))
            assert walker.page.get_by_role("button").count() == 0
