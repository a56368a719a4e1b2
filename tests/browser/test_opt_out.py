"""A recipient opts out at the tracking host by keyboard alone: first of a series, then of everything."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections

from campaigns.contacts.models import Suppression
from sending.planner.states import StopReason
from tests.browser.walker import NARROW, Walker, browser
from tests.sending.tracking.host import NAME, Visitor
from tests.sending.tracking.stage import followed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOST = f"https://{NAME}"


def lead_to_the_host(walker: Walker) -> None:
    """Answer what Chromium asks of the tracking host by its real views and headers: it has no certificate here."""
    visitor = Visitor()

    def answer(route: Any) -> None:
        request = route.request
        if request.url.endswith("/favicon.ico"):
            route.fulfill(status=204)
            return
        try:
            if request.method == "POST":
                found = visitor.post(request.url, request.post_data, content_type=request.headers["content-type"])
            else:
                found = visitor.get(request.url)
        finally:
            connections.close_all()  # Playwright answers in a context of its own, which has its own connection
        route.fulfill(status=found.status_code, headers=dict(found.items()), body=found.content)

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


def test_a_recipient_ends_a_series_and_then_everything_by_keys_on_a_telephone() -> None:
    with followed(steps=2) as stage:
        url = stage.send().header
        with browser(HOST, width=NARROW, dark=True, themes=True) as walker:
            lead_to_the_host(walker)
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
