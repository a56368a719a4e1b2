"""Read mailboxes and open their connections' settings."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404

from outreach.accounts.access import Member
from outreach.env import env
from outreach.kit.crypto import SealBroken, unseal
from sending.imap import Account, SignInRefused, Stage
from sending.mailboxes.models import ConnectionTest, Credential, Mailbox
from sending.mailboxes.secrets import IMAP_PASSWORD, LOST, SMTP_PASSWORD, context_of, keyring
from sending.smtp import Security, Server
from sending.smtp.envelope import with_ascii_domain


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
    """Return the last connection test of each protocol: SMTP, the test mail, IMAP."""
    rows = ConnectionTest.objects.filter(mailbox=mailbox)
    return list(rows.order_by("-protocol", "-id").distinct("protocol"))


def smtp_server(credential: Credential) -> Server:
    """Return how to reach the mailbox's SMTP server, password opened. Raises SealBroken."""
    mailbox = credential.mailbox
    context = context_of(mailbox.pk, SMTP_PASSWORD)
    return Server(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=Security(mailbox.smtp_security),
        username=mailbox.smtp_username,
        password=unseal(keyring(), bytes(credential.smtp_password), context=context),
        ca_pem=mailbox.ca_pem or None,
        private=env().private_networks,
        local_hostname=_greeting_name(mailbox.address),
    )


def _greeting_name(address: str) -> str:
    """Return what we call ourselves in EHLO: the mailbox's own domain.

    It stands in the Received header of each message, and some servers refuse "localhost" (RFC 5321 section 4.1.1.1).
    """
    name = with_ascii_domain(address).rpartition("@")[2]
    return name if name.isascii() and name else "localhost.localdomain"


def imap_account(credential: Credential) -> Account:
    """Return how to reach the mailbox's IMAP server, password opened. Raises SignInRefused when no key opens it."""
    mailbox = credential.mailbox
    context = context_of(mailbox.pk, IMAP_PASSWORD)
    try:
        password = unseal(keyring(), bytes(credential.imap_password), context=context)
    except SealBroken as error:
        raise SignInRefused(LOST.what, cause="sealed", stage=Stage.SIGN_IN) from error
    return Account(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=Security(mailbox.imap_security),
        username=mailbox.imap_username,
        password=password,
        ca_pem=mailbox.ca_pem or None,
        private=env().private_networks,
    )
