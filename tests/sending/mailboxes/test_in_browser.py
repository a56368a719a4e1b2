"""The pages of a mailbox in a real browser: axe, security policy, layout, and what a person types and keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from outreach.accounts.access import Member
from sending.chaos.faultsmtpd import FaultServer, drip, say
from sending.mailboxes import discovery, testing
from sending.mailboxes.models import ConnectionTest
from sending.sandbox.world import SandboxWorld
from tests.browser.walker import NARROW, WIDE, Walker, browser
from tests.dnsserver import FakeDns
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.mailboxes.servers import WRONG, connected, smtp_of
from tests.sending.mailboxes.stage import sandbox_form
from tests.sending.mailboxes.test_selfmail import at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Opened = Callable[..., AbstractContextManager[Walker]]
looks = pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])


@pytest.fixture
def opened(live_server: Any, monkeypatch: pytest.MonkeyPatch, admin: Client) -> Opened:
    """Open a page as the workspace's admin: `with opened(path, width=360, dark=True) as walker`."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    session = admin.cookies[settings.SESSION_COOKIE_NAME].value

    @contextmanager
    def window(path: str, *, width: int = WIDE, dark: bool = False) -> Iterator[Walker]:
        with browser(live_server.url, width=width, dark=dark, themes=True) as walker:
            walker.page.context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
            )
            walker.open(path)
            yield walker

    return window


@pytest.fixture(autouse=True)
def _dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with FakeDns("acme.test. 60 IN MX 1 aspmx.l.google.com.\n") as server:
        monkeypatch.setattr(discovery, "make_resolver", server.resolver)
        yield


@looks
def test_the_wizard_fills_in_and_keeps_what_was_typed(
    opened: Opened, member: Member, width: int, *, dark: bool
) -> None:
    with opened(member.url("mailboxes:create"), width=width, dark=dark) as walker:
        page = walker.page
        page.get_by_label("Address", exact=True).fill("me@acme.test")
        page.locator("#id_smtp_password").fill("typed before")
        page.locator("#id_imap_host").fill("imap.own.test")
        page.get_by_role("button", name="Fill in the servers").click()
        page.get_by_text("goes to Google Workspace").wait_for()
        assert page.locator("#id_smtp_host").input_value() == "smtp.gmail.com"
        assert page.locator("#id_smtp_password").input_value() == "typed before"
        assert page.locator("#id_imap_host").input_value() == "imap.own.test"
        page.locator("#id_daily_limit").fill("3000")
        page.locator("#id_daily_limit").blur()
        page.get_by_text("More than Google Workspace bears").wait_for()
        walker.checked()
        page.get_by_role("button", name="Replace what I typed").click()
        page.get_by_text("What you typed was left as it is").wait_for(state="detached")
        assert page.locator("#id_imap_host").input_value() == "imap.gmail.com"
        assert page.locator("#id_smtp_password").input_value() == "typed before"
        assert page.locator("#id_smtp_host").is_enabled()


@looks
def test_a_test_mail_is_sent_and_its_dialogue_shown(opened: Opened, member: Member, width: int, *, dark: bool) -> None:
    server = FaultServer({"dot": [say(b"250 2.0.0 queued\r\n"), say(b"550 5.4.5 Daily sending quota exceeded\r\n")]})
    with (
        at(member, server, gap_min_s=0, gap_max_s=0, daily_limit=60) as mailbox,
        opened(member.url("mailboxes:detail", mailbox.pk), width=width, dark=dark) as walker,
    ):
        for words in ("The server has taken the message", "The account has sent more than"):
            walker.page.get_by_label("To", exact=True).select_option(mailbox.address)
            walker.submit("Send a test mail")
            assert walker.page.get_by_text(words).is_visible()
    assert len(server.accepted) == 1


@looks
def test_a_connection_test_is_watched_line_by_line_and_explained(
    opened: Opened, member: Member, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setattr(testing, "TIMEOUTS", replace(testing.TIMEOUTS, greeting=9, command=9))
    slow = smtp_of({"auth": drip(b"235 2.7.0 welcome\r\n", every_s=0.12)})
    with (
        connected(member, smtp=slow, imap=FaultImap(WRONG)) as mailbox,
        opened(member.url("mailboxes:detail", mailbox.pk), width=width, dark=dark) as walker,
    ):
        page = walker.page
        page.get_by_role("button", name="Test now").click()
        page.get_by_text("AUTH PLAIN ********").wait_for()
        assert page.get_by_text("Running").first.is_visible()  # both servers are asked at the same time
        page.get_by_text("Type both again").wait_for()
        assert page.get_by_text("Running").is_visible()
        page.get_by_text("235 2.7.0 welcome").wait_for()
        page.get_by_text("The test did not pass.").wait_for()
        assert page.get_by_text("Running").count() == 0
        walker.checked()


def test_a_mailbox_that_is_saved_in_a_browser_is_tested_before_ones_eyes(
    opened: Opened, member: Member, world: SandboxWorld
) -> None:
    with opened(member.url("mailboxes:create")) as walker:
        page = walker.page
        page.locator("details summary").click()
        for name, value in sandbox_form(world).items():
            field = page.locator(f"#id_{name}")
            if name in {"smtp_security", "imap_security"}:
                field.select_option(str(value))
            elif name != "ramp_on":
                field.fill(str(value))
        walker.submit("Save and test")
        page.get_by_text("Both servers let us in.").wait_for()
        page.get_by_text("Folders: INBOX (inbox)").wait_for()
        walker.checked()
    assert ConnectionTest.objects.count() == 2
