"""The form of a mailbox as a person fills it in, and what the page that answers says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from outreach.accounts.access import Member
from sending.sandbox.world import SandboxWorld
from tests.builders import PASSWORD


def form(**changes: object) -> dict[str, object]:
    """Return a form without a mistake, for servers at ports where nobody listens."""
    values = {
        "address": "me@acme.test", "display_name": "Me", "reply_to": "", "signature": "Me",
        "smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_security": "tls", "smtp_username": "me@acme.test",
        "smtp_password": PASSWORD, "imap_host": "127.0.0.1", "imap_port": 1, "imap_security": "tls",
        "imap_username": "", "imap_password": "", "ca_pem": "", "daily_limit": 30, "hourly_limit": 8,
        "gap_min_minutes": 6, "gap_max_minutes": 12, "ramp_on": "on", "ramp_start": 5, "ramp_step": 2,
    }  # fmt: skip
    return {name: value for name, value in (values | changes).items() if value is not None}


def sandbox_form(world: SandboxWorld, address: str = "me0@acme.test", **changes: object) -> dict[str, object]:
    """Return a form that leads to an account of the sandbox, its address as a person types it."""
    account = address.lower()
    found = {
        "address": address, "smtp_host": world.info.host, "smtp_port": world.smtps_port, "smtp_username": account,
        "smtp_password": world.accounts[account], "imap_host": world.info.host, "imap_port": world.imaps_port,
        "ca_pem": world.ca_pem,
    }  # fmt: skip
    return form(**(found | changes))


def page(client: Client, member: Member, name: str, *args: object) -> str:
    response = client.get(member.url(name, *args))
    assert response.status_code == 200
    return response.text


def text_of(html: str) -> str:
    """Return what a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def errors_of(html: str) -> dict[str, str]:
    """Return the errors by the field beside which they stand, and which their control points to."""
    found = {}
    for name, words in re.findall(r'<ul class="errors" id="id_(\w+)_error">(.*?)</ul>', html, re.DOTALL):
        control = re.search(rf'<(?:input|select|textarea)[^>]*name="{name}"[^>]*>', html)
        assert control, f"{name} has an error and no control"
        assert f"id_{name}_error" in control[0], f"the control of {name} does not point to its error"
        assert 'aria-invalid="true"' in control[0]
        found[name] = text_of(words)
    return found


@contextmanager
def ledger_away() -> Iterator[None]:
    """Let every event fail to be written, as a database does that is being cut off; for tests with transactions."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_event RENAME TO ledger_event_away")
        with pytest.raises(Exception, match="ledger_event"):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_event_away RENAME TO ledger_event")
