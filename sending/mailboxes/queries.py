"""Read mailboxes and their tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404

from outreach.accounts.access import Member
from sending.imap import Protocol
from sending.mailboxes.models import ConnectionTest, Credential, Mailbox
from sending.mailboxes.oauth.providers import provider_of

_SECRETS = ("smtp_password", "imap_password", "refresh_token", "access_token")


def mailboxes_of(member: Member) -> Sequence[Mailbox]:
    """Return the workspace's mailboxes with their clocks, by address."""
    rows = Mailbox.objects.filter(workspace=member.workspace)
    return list(rows.select_related("clock").order_by("address"))


def mailbox_for(member: Member, pk: int) -> Mailbox:
    """Return a mailbox of the member's workspace. Raises Http404 for any other."""
    row = Mailbox.objects.filter(workspace=member.workspace, pk=pk).select_related("clock").first()
    if row is None:
        raise Http404("No such mailbox")
    return row


def newest_tests(mailbox: Mailbox) -> list[ConnectionTest]:
    """Return the last connection test of each protocol that is in use: SMTP, the one for reading, the test mail."""
    unused = set(Protocol) - {mailbox.reading}
    rows = ConnectionTest.objects.filter(mailbox=mailbox).exclude(protocol__in=unused)
    return list(rows.order_by("-protocol", "-id").distinct("protocol"))


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whether somebody is signed in with a provider for a mailbox. trouble: why no token comes now, in words."""

    provider: str
    account: str
    is_signed_in: bool
    trouble: str


def sign_in_of(mailbox: Mailbox) -> SignIn | None:
    """Return how a mailbox stands with its provider; None for one that signs in with a password."""
    provider = provider_of(mailbox.sign_in)
    if provider is None:
        return None
    row = Credential.objects.defer(*_SECRETS).annotate(has_grant=Q(refresh_token__isnull=False)).get(mailbox=mailbox)
    return SignIn(provider.name, row.account, row.has_grant, row.ask_words)
