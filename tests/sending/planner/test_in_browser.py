"""The pages that explain and foresee, in a real browser: axe, security policy, layout, and the form of a what-if."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from campaigns.sequences import effects
from campaigns.sequences.models import Campaign, SendWindow
from outreach.accounts.access import Member
from sending.planner.models import Enrollment
from sending.planner.services import postpone
from tests.browser.walker import NARROW, WIDE, browser
from tests.builders import make_running_campaign
from tests.sending.planner.pages import signed_in
from tests.sending.planner.stage import DAY, database_time, make_people, make_sender, make_spending, make_team, pick

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make_busy(member: Member) -> Campaign:
    """Make a campaign of three steps to forty people, from two mailboxes of which one is full and one in its ramp."""
    full = make_sender(member, "full@acme.example", daily_limit=4, hourly_limit=2, gap_min_s=360, gap_max_s=720)
    fresh = make_sender(
        member,
        "fresh@acme.example",
        daily_limit=30,
        gap_min_s=360,
        gap_max_s=720,
        ramp_on=True,
        ramp_start=2,
        ramp_step=1,
    )
    campaign = make_running_campaign(member, make_people(member, 40), (full, fresh), steps=3)
    SendWindow.objects.filter(campaign=campaign, weekday__gt=5).delete()
    make_spending(full, 4)
    pick(full)
    last = Enrollment.objects.order_by("-pk")[0]
    with transaction.atomic():
        postpone(last, database_time() + 3 * DAY, words="Out of office: back in three days")
    return campaign


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_every_page_fits_and_can_be_used(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_team()
    campaign = make_busy(member)
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    first, last = Enrollment.objects.order_by("pk")[2], Enrollment.objects.order_by("-pk")[0]
    with browser(live_server.url, width=width, dark=dark, themes=True) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        # Without axe: it leaves empty styles on the fields, which htmx would copy and the security policy refuse.
        walker.page.goto(walker.base + member.url("planner:forecast", campaign.pk))
        walker.page.get_by_label("Messages a day").fill("60")
        walker.page.get_by_label("Without a ramp").check()
        walker.page.get_by_role("button", name="Reckon").click()
        walker.page.get_by_role("link", name="As it stands").wait_for()
        walker.checked()
        for row in (first, last):
            walker.open(member.url("planner:why", row.pk))
            walker.page.get_by_text("Reckoned by the pacing itself").wait_for()
            walker.checked()
        walker.open(member.url("reports:day", campaign.pk) + "?cause=absent")
        walker.open(member.url("planner:prospect", first.pk))


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_public_holidays_are_looked_at_and_then_saved(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    monkeypatch.setattr(effects, "AT_ONCE", 10)  # the page asks for the forecasts of more by itself
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 40), (make_sender(member, daily_limit=2),))
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=width, dark=dark) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        for path, look, save in (
            (member.url("sequences:closed_days"), "Show the days", "Save closed days"),
            (member.url("sequences:schedule", campaign.pk), "Show what it means", "Save schedule"),
        ):
            walker.open(path)
            walker.page.get_by_label("Country or part of one, 1").fill("DE-BY Germany, Bayern")
            walker.page.get_by_label("Country or part of one, 2").fill("United State")
            walker.submit(look)
            walker.page.get_by_text("Did you mean US United States?").wait_for()
            walker.page.get_by_label("Country or part of one, 2").fill("United States, California")
            walker.submit(look)
            walker.page.get_by_text("Next closed days, if you save").wait_for()
            walker.submit(save)
            if save == "Save schedule":
                walker.page.get_by_text("The first, if you save it").wait_for()
                walker.submit("Save it: changes 40 pending")
            walker.page.get_by_text("Next closed days", exact=True).wait_for()
        walker.open(member.url("planner:forecast", campaign.pk))
        walker.page.get_by_text("Closed until then").wait_for()
