"""The page of a message in a real browser: who followed it, told apart with what tells so; axe, policy, layout."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from sending.links.models import Destination
from sending.tracking.hits import seen
from sending.tracking.models import Hit
from sending.tracking.services import judge_due
from sending.tracking.states import HitKind
from sending.tracking.storing import store
from tests.browser.walker import NARROW, browser
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)
from tests.sending.planner.pages import signed_in
from tests.sending.tracking.host import CHROME

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://acme.example/prices?of=" + "a-long-name-without-a-gap-" * 6


def test_a_message_tells_people_machines_and_others_apart(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_member(make_workspace())
    campaign = make_campaign(member.workspace)
    enrollment = make_enrollment(campaign, make_contact(member.workspace))
    message = make_message(enrollment, make_step(campaign), make_mailbox(member.workspace), at=SENT)
    number = Destination.objects.create(workspace=member.workspace, url=URL).pk
    for hours, agent, address, kind in [
        (1, CHROME, "198.51.100.7", HitKind.CLICK),
        (2, "python-requests/2.31", "203.0.113.9", HitKind.CLICK),
        (3, "", "192.0.2.8", HitKind.CLICK),
        (4, "Barracuda Sentinel", "203.0.113.9", HitKind.TRAP),
    ]:
        meta = {"HTTP_USER_AGENT": agent, "HTTP_X_FORWARDED_FOR": address}
        hit = seen(meta, "GET", kind, message.pk, number if kind is HitKind.CLICK else 0)
        store([replace(hit, at_s=(SENT + timedelta(hours=hours)).timestamp())])
    assert judge_due(now=SENT + timedelta(days=1)) == Hit.objects.count() == 4

    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=NARROW, themes=True) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(member.url("reports:message", message.pk))
        card = walker.page.locator(".card", has_text="Clicks and opens")
        trap, nobody, script, person = (re.sub(r"\s+", " ", one) for one in card.locator("li").all_inner_texts())
    assert trap.startswith("The hidden link: by a machine The link that no person can see was asked for")
    assert "Its name is that of a security gateway. Barracuda Sentinel 203.0.113.0/24" in trap
    assert nobody.startswith(f"A link: unknown by whom {URL} It gave no name; every browser does. 192.0.2.0/24")
    assert script.startswith(f"A link: by a machine {URL} Its name is that of a script. python-requests/2.31 203.0.113")
    assert person.startswith(f"A link: by a person {URL} Its name is that of a browser or a mail program, at a time")
    assert f"{CHROME} 198.51.100.0/24" in person
