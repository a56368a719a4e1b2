"""The pages of a sending domain in a real browser: axe, security policy, layout, a check while one is open."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import expect

from outreach.accounts.access import Member
from sending.dmarc.services import Way, take_file
from sending.domains import asking, watching
from sending.domains.models import WatchedDomain
from sending.domains.watching import Sends, check_due, watch
from tests.browser.walker import NARROW, browser
from tests.builders import make_mailbox, make_member, make_workspace
from tests.dnsserver import FakeDns
from tests.sending.dmarc.files import aggregate, forged, record, tls, tls_policy
from tests.sending.planner.pages import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZONE = """
acme.com. 60 IN MX 10 mx.acme.com.
mx.acme.com. 60 IN A 192.0.2.2
acme.com. 60 IN TXT "v=spf1 include:_spf.mailer.com include:gone.acme.com ?all"
_spf.mailer.com. 60 IN TXT "v=spf1 include:more.mailer.com ip4:203.0.113.0/24 ~all"
more.mailer.com. 60 IN TXT "v=spf1 a:out.mailer.com ~all"
_dmarc.acme.com. 60 IN TXT "v=DMARC1; p=none; pct=100"
"""
SENDS = Sends(providers=(("Google Workspace", ("_spf.google.com",), ("google",)),))


def as_a_worker(pk: int) -> None:
    """Check in a thread with a connection of its own: the browser's loop would keep another open."""

    def check() -> None:
        watching.check_asked(pk)
        connection.close()

    thread = threading.Thread(target=check)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def reported(member: Member) -> None:
    """Take reports in, in a thread as above."""

    def take() -> None:
        make_mailbox(member.workspace, "ada@acme.com")
        rows = [record("203.0.113.7", header_from="acme.com"), forged("2001:db8:aaaa:bbbb::9", header_from="acme.com")]
        for content in (aggregate("acme.com", rows), tls(tls_policy("acme.com", bad=2))):
            take_file(member.workspace, "a", content, Way())
        connection.close()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def test_findings_fit_on_a_telephone_and_a_check_shows_up_by_itself(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    member = make_member(make_workspace())
    with FakeDns(ZONE) as dns:
        monkeypatch.setattr(asking, "make_resolver", dns.resolver)
        monkeypatch.setattr("sending.domains.watch_views.hint_at", lambda *_: None)
        watch(member.workspace.pk, {"acme.com": SENDS})
        check_due()
        row = WatchedDomain.objects.get()
        session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
        with browser(live_server.url, width=NARROW) as walker:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
            walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
            walker.open(member.url("domains:list"))
            walker.checked()
            walker.page.get_by_role("link", name="acme.com").click()
            walker.page.get_by_text("What it includes").click()
            walker.checked()
            dns.serve(ZONE.replace("include:gone.acme.com ?all", "~all"))
            walker.page.get_by_role("button", name="Check now").click()
            expect(walker.page.locator("#report")).to_contain_text("Being checked now")
            as_a_worker(row.pk)
            expect(walker.page.locator("#report")).to_contain_text("No more: include:gone.acme.com leads to")
            walker.checked()
            reported(member)
            walker.page.get_by_role("link", name="DMARC reports").click()
            walker.page.get_by_text("Why", exact=True).first.click()
            walker.checked()
