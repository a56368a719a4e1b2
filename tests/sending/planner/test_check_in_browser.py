"""A list is checked in a real browser: from the button to the verdicts, the health and the review before a launch."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from campaigns.contacts import services
from campaigns.contacts.models import AddressCheck, Contact
from campaigns.contacts.services import checks
from campaigns.sequences.models import Campaign
from tests.browser.walker import NARROW, WIDE, browser
from tests.builders import make_audience, make_campaign, make_contact, make_list
from tests.dnsserver import FakeDns
from tests.sending.planner.pages import signed_in
from tests.sending.planner.stage import at_once, make_team

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZONE = """
acme.test. 60 IN MX 10 acme-test.mail.protection.outlook.com.
null.test. 60 IN MX 0 .
web.test. 60 IN A 192.0.2.1
"""
ADDRESSES = (
    "ada@acme.test", "bob@acme.test", "info@acme.test", "cy@null.test", "di@gone.test", "eve@web.test",
    "fox@mailinator.com",
)  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_a_check_leads_from_its_button_to_what_is_known_of_each_address(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_team()
    people = tuple(make_contact(member.workspace, one, first_name="Ada") for one in ADDRESSES)
    leads = make_list(member.workspace, "Leads", people)
    campaign = make_campaign(member.workspace)
    make_audience(campaign, leads)
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with FakeDns(ZONE) as server, browser(live_server.url, width=width, dark=dark) as walker:
        monkeypatch.setattr(checks, "make_async_resolver", server.async_resolver)
        monkeypatch.setattr(checks, "_hint", lambda _: None)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        page = walker.page
        walker.open(member.url("contacts:list_detail", leads.pk))
        page.get_by_text("are likely to bounce").wait_for()
        walker.submit("Check addresses")
        page.get_by_text("Waiting for a worker").wait_for()
        page.reload()
        page.get_by_text("Waiting for a worker").wait_for()
        check = AddressCheck.objects.get()
        at_once(lambda: services.run_check(check.pk))  # in a thread of its own: the browser has a loop in this one
        page.wait_for_url("**" + member.url("contacts:list_detail", leads.pk))
        page.get_by_text("are likely to bounce").wait_for()
        walker.checked()
        page.get_by_role("link", name="1, takes no mail").click()
        page.get_by_role("link", name="cy@null.test").wait_for()
        assert page.get_by_role("link", name="ada@acme.test").count() == 0
        walker.open(member.url("contacts:detail", Contact.objects.get(email="cy@null.test").pk))
        page.get_by_text("null.test says that it takes no mail").wait_for()
        walker.open(member.url("contacts:detail", Contact.objects.get(email="di@gone.test").pk))
        page.get_by_text("it is looked up once more").wait_for()
        walker.open(member.url("planner:review", campaign.pk))
        page.get_by_role("link", name="What they are").first.click()
        page.get_by_text("left out", exact=True).first.wait_for()
        walker.checked()
        walker.open(member.url("sequences:audience", campaign.pk))
        page.get_by_label("Leave out role addresses").uncheck()
        page.get_by_role("button", name="Save who is left out").click()
        page.get_by_text("Whoever was left out already stays out").wait_for()
    assert not Campaign.objects.get().skips_roles
