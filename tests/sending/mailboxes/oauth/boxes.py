"""Mailboxes that sign in with the provider of these tests, and what is stored for them."""

from __future__ import annotations

from datetime import timedelta

from outreach.accounts.access import Member
from outreach.kit import clock
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.secrets import ACCESS_TOKEN, REFRESH_TOKEN, opened, sealed
from sending.mailboxes.states import MailboxState, SignInKind
from tests.builders import make_mailbox
from tests.sending.mailboxes.oauth.provider import FakeProvider

OLD = "an-old-access-token"


def make_google_mailbox(member: Member, provider: FakeProvider, **columns: object) -> Mailbox:
    known = {"state": MailboxState.ACTIVE, "sign_in": SignInKind.GOOGLE, **columns}
    mailbox = make_mailbox(member.workspace, "me@acme.test", **known)
    Credential.objects.filter(mailbox=mailbox).update(
        smtp_password=None,
        imap_password=None,
        account="me@acme.test",
        refresh_token=sealed(mailbox.pk, REFRESH_TOKEN, provider.new_refresh_token()),
    )
    give_token(mailbox, OLD, minutes=-1)
    return mailbox


def give_token(mailbox: Mailbox, token: str, *, minutes: float) -> None:
    """Store an access token that is good for so many minutes."""
    until = clock.now() + timedelta(minutes=minutes)
    Credential.objects.filter(mailbox=mailbox).update(
        access_token=sealed(mailbox.pk, ACCESS_TOKEN, token), access_until=until
    )


def refresh_token_of(mailbox: Mailbox) -> str:
    return opened(mailbox.pk, REFRESH_TOKEN, Credential.objects.get(mailbox=mailbox).refresh_token)


def state_of(mailbox: Mailbox) -> tuple[str, str]:
    row = Mailbox.objects.get(pk=mailbox.pk)
    return row.state, row.state_reason
