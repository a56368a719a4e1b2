"""How to reach a mailbox's servers, and with which secret: passwords opened, tokens from where they are kept fresh."""

from __future__ import annotations

import logging
from collections.abc import Collection

from outreach.env import env
from outreach.kit.crypto import SealBroken
from sending.imap import Account, Protocol, SignInRefused, Stage
from sending.mailboxes.models import Credential
from sending.mailboxes.oauth.access import async_tokens_for, tokens_for
from sending.mailboxes.secrets import IMAP_PASSWORD, LOST, SMTP_PASSWORD, opened
from sending.mailboxes.services import refuse_sign_in
from sending.mailboxes.states import SignInKind
from sending.smtp import AuthKind, Security, Server
from sending.smtp.envelope import with_ascii_domain

log = logging.getLogger(__name__)


def smtp_servers(mailbox_ids: Collection[int]) -> dict[int, Server]:
    """Return how to reach the SMTP server of each mailbox.

    A mailbox whose password no key opens is left out and needs a new sign-in; the others do not suffer for it.
    """
    found: dict[int, Server] = {}
    for credential in Credential.objects.select_related("mailbox").filter(mailbox__in=mailbox_ids):
        try:
            found[credential.mailbox_id] = smtp_server(credential)
        except SealBroken:
            log.exception("mailboxes.seal_broken mailbox=%s", credential.mailbox_id)
            refuse_sign_in(credential.mailbox_id, LOST.what)
    return found


def smtp_server(credential: Credential) -> Server:
    """Return how to reach the mailbox's SMTP server. Raises SealBroken where no key opens its password."""
    mailbox = credential.mailbox
    with_token = mailbox.sign_in != SignInKind.PASSWORD
    return Server(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=Security(mailbox.smtp_security),
        username=mailbox.smtp_username,
        password="" if with_token else opened(mailbox.pk, SMTP_PASSWORD, credential.smtp_password),
        auth=AuthKind.XOAUTH2 if with_token else AuthKind.PASSWORD,
        tokens=async_tokens_for(mailbox, mailbox.smtp_host) if with_token else None,
        ca_pem=mailbox.ca_pem or None,
        private=env().private_networks,
        local_hostname=_greeting_name(mailbox.address),
    )


def reading_account(credential: Credential) -> Account:
    """Return how to reach the server that mail is read from. Raises SignInRefused where no key opens the password."""
    mailbox = credential.mailbox
    with_token = mailbox.sign_in != SignInKind.PASSWORD
    try:
        password = "" if with_token else opened(mailbox.pk, IMAP_PASSWORD, credential.imap_password)
    except SealBroken as error:
        raise SignInRefused(LOST.what, cause="sealed", stage=Stage.SIGN_IN) from error
    return Account(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=Security(mailbox.imap_security),
        username=mailbox.imap_username,
        password=password,
        tokens=tokens_for(mailbox, mailbox.imap_host) if with_token else None,
        protocol=Protocol(mailbox.reading),
        ca_pem=mailbox.ca_pem or None,
        private=env().private_networks,
    )


def _greeting_name(address: str) -> str:
    """Return what we call ourselves in EHLO: the mailbox's own domain.

    It stands in the Received header of each message, and some servers refuse "localhost" (RFC 5321 section 4.1.1.1).
    """
    name = with_ascii_domain(address).rpartition("@")[2]
    return name if name.isascii() and name else "localhost.localdomain"
