"""The page of what providers report in a real browser: empty, with a file taken in, narrow and wide, in both themes."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from django.conf import settings

from outreach.kit import clock
from sending.reports.provider_reports import take_in
from tests.browser.walker import NARROW, WIDE, browser
from tests.builders import make_mailbox, make_member, make_workspace
from tests.sending.planner.pages import signed_in
from tests.sending.postmaster.files import day_v1, snds_row, v1

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RATES = (0.0042, 0.0015, 0.0004, 0.0, 0.0008, 0.0012)  # of yesterday, of the day before, ...


def test_what_providers_report_is_shown_empty_taken_in_and_day_by_day(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_member(make_workspace())
    make_mailbox(member.workspace, "me@acme.example")
    today = clock.now().astimezone(UTC).date()
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    page = member.url("reports:provider_reports")
    with browser(live_server.url, width=NARROW, dark=True, themes=True) as walker:
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(page)
        lines = f"{snds_row(day=f'{today - timedelta(days=1):%m/%d/%Y}')}\nno address,1\n".encode()
        file: Any = {"name": "data.csv", "mimeType": "text/csv", "buffer": lines}
        walker.page.locator("input[type=file]").set_input_files(file)
        walker.submit("Take it in")
        assert walker.page.get_by_text("data.csv: 1 line refused").is_visible()
    days = [
        day_v1(
            f"{today - timedelta(days=back):%Y%m%d}", userReportedSpamRatio=rate, domainReputation="MEDIUM",
            spfSuccessRatio=1, dkimSuccessRatio=0.99, ipReputations=[{"reputation": "HIGH", "ipCount": "3"}],
            deliveryErrors=[{"errorClass": "TEMPORARY_ERROR", "errorType": "RATE_LIMIT_EXCEEDED", "errorRatio": 0.02}],
        )
        for back, rate in enumerate(RATES, start=1)
    ]  # fmt: skip
    take_in(member.workspace, "google.json", v1(*days))
    for width in (WIDE, NARROW):
        with browser(live_server.url, width=width, themes=True) as walker:
            walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
            walker.open(page)
            assert walker.page.get_by_role("img", name="Spam rate by day, at most 0.42 %").is_visible()
            cut = "[...document.querySelectorAll('.table-box')].filter(one => one.scrollWidth > one.clientWidth).length"
            assert walker.page.evaluate(cut) == 0, "a table is cut off"
