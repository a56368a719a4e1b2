"""The pages of the sign-in with a provider in a real browser: axe, security policy, layout, there and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connections

from outreach.accounts.access import Member
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.states import SignInKind
from tests.browser.walker import Walker
from tests.builders import make_mailbox
from tests.sending.mailboxes.oauth.provider import FakeProvider, returned_to
from tests.sending.mailboxes.test_in_browser import looks, opened

__all__ = ["opened"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Opened = Callable[..., AbstractContextManager[Walker]]


@looks
def test_somebody_goes_to_the_provider_and_comes_back_as_another_account(
    opened: Opened, member: Member, provider: FakeProvider, width: int, *, dark: bool
) -> None:
    mailbox = make_mailbox(member.workspace, "me@acme.test", sign_in=SignInKind.GOOGLE)
    provider.account = "boss@acme.test"
    with opened(member.url("mailboxes:detail", mailbox.pk), width=width, dark=dark) as walker:
        page, sent = walker.page, []

        def consent(route: Any) -> None:
            """The provider's page, as the browser meets it: it sends the browser back at once."""
            sent.append(route.request.url)
            answer = provider.consent(route.request.url)
            route.fulfill(status=302, headers={"Location": page_url(returned_to(answer))})

        def page_url(path: str) -> str:
            return "/".join(page.url.split("/")[:3]) + path

        page.route(f"{provider.url}/authorize*", consent)
        walker.checked()
        page.get_by_role("button", name="Sign in with Google").click()
        page.get_by_text("You signed in as boss@acme.test").wait_for()
        assert walker.complaints == [f"asked outside: {sent[0]}"]
        walker.complaints.clear()
        walker.checked()
        walker.submit("Use boss@acme.test")
        page.get_by_text("Google, as boss@acme.test").wait_for()
    assert Credential.objects.get().account == "boss@acme.test"
    connections.close_all()
    assert Mailbox.objects.get().smtp_username == "boss@acme.test"


@looks
def test_the_wizard_offers_the_sign_in(
    opened: Opened, member: Member, provider: FakeProvider, width: int, *, dark: bool
) -> None:
    with opened(member.url("mailboxes:create"), width=width, dark=dark) as walker:
        page = walker.page
        page.get_by_label("Address", exact=True).fill("me@gmail.com")
        page.get_by_role("button", name="Fill in the servers").click()
        page.get_by_text("You can sign in with Google").wait_for()
        assert page.get_by_label("Sign in with").input_value() == "google"
        walker.checked()
