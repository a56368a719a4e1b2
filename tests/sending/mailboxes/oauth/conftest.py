"""An instance that is set up for a provider which runs here, and mailboxes that sign in with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from outreach.accounts.access import Member
from sending.chaos.certificates import authority
from sending.mailboxes.models import Mailbox
from sending.mailboxes.oauth import asking, providers
from sending.mailboxes.states import SignInKind
from tests.sending.mailboxes.oauth.boxes import make_google_mailbox
from tests.sending.mailboxes.oauth.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, setting: Callable[[str, str], None]) -> Iterator[FakeProvider]:
    """The provider that this instance knows as Google."""
    with FakeProvider() as running:
        known = replace(
            providers.GOOGLE,
            authorize_url=f"{running.url}/authorize",
            token_url=f"{running.url}/token",
            issuers=(running.url,),
            hosts=frozenset({"127.0.0.1"}),
            ca_pem=authority().pem,
        )
        monkeypatch.setitem(providers._ALL, SignInKind.GOOGLE, known)
        monkeypatch.setattr(asking, "TIMEOUT_S", 5.0)
        setting("OUTREACH_GOOGLE_CLIENT_ID", CLIENT_ID)
        setting("OUTREACH_GOOGLE_CLIENT_SECRET", CLIENT_SECRET)
        yield running


@pytest.fixture
def mailbox(member: Member, provider: FakeProvider) -> Mailbox:
    """A mailbox for which somebody has signed in, and whose access token has run out."""
    return make_google_mailbox(member, provider)
