"""The page of the tracking domain in a real browser: axe, security policy, layout, the question before a removal."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import expect

from sending.links.models import TrackingDomain
from sending.links.states import DomainState, Finding
from tests.browser.walker import NARROW, browser
from tests.builders import make_member, make_tracking_domain, make_workspace
from tests.sending.links.hosts.stage import HOST
from tests.sending.planner.pages import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_page_fits_and_a_domain_is_removed_after_a_yes(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_member(make_workspace())
    row = make_tracking_domain(
        member.workspace, HOST, DomainState.BROKEN, finding=Finding.CERTIFICATE, found="It ended."
    )
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=NARROW) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(member.url("links:domain"))
        walker.page.get_by_role("button", name="Remove…").click()
        dialog = walker.page.locator("#confirm")
        expect(dialog).to_contain_text("leave its record in the DNS, and they stay answered")
        dialog.get_by_role("button", name="Remove").click()
        walker.page.get_by_text("Removed, and still answered").wait_for()
        walker.checked()
    assert TrackingDomain.objects.get(pk=row.pk).state == DomainState.RETIRED
