"""How a mailbox's servers are reached."""

from __future__ import annotations

import pytest

from sending.mailboxes.connections import smtp_server
from sending.mailboxes.models import Credential
from tests.builders import make_mailbox, make_workspace


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "name"),
    [("me@acme.example", "acme.example"), ("me@bücher.example", "xn--bcher-kva.example")],
)
def test_a_mailbox_greets_with_its_own_domain(address: str, name: str) -> None:
    mailbox = make_mailbox(make_workspace(), address)
    credential = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    assert smtp_server(credential).local_hostname == name
