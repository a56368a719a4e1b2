"""The comparison of wordings in a real browser, narrow and in both themes: axe, security policy, layout."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from campaigns.sequences.models import ShareChange, Variant
from tests.browser.walker import NARROW, browser
from tests.builders import make_campaign, make_mailbox, make_member, make_step, make_workspace
from tests.sending.planner.pages import signed_in
from tests.sending.reports.test_wordings import BEGUN, answer, write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_comparison_fits_on_a_telephone(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    monkeypatch.setattr("sending.trials.verdicts.FEWEST", 10)
    member = make_member(make_workspace())
    campaign = make_campaign(member.workspace, state="running", launched_at=BEGUN)
    mailbox = make_mailbox(member.workspace)
    first = make_step(campaign)
    for label in "BC":
        Variant.objects.create(step=first.step, label=label, subject=label, body_text="Good day")
    ShareChange.objects.update(at=BEGUN)
    with transaction.atomic():
        for number in range(20):
            for label in "ABC":
                message = write(campaign, mailbox, label, number)
                if label != "A" and number % 3:
                    answer(message)
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=NARROW) as walker:
        walker.themes = True
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(member.url("reports:wordings", campaign.pk))
        walker.page.get_by_label("Of those written to, so many answer well").select_option("0.05")
        walker.page.get_by_role("button", name="Reckon").click()
        walker.page.get_by_text("of whom 5.0 % answer well").first.wait_for()
        walker.checked()
