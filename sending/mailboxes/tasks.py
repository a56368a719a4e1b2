"""Celery's doors to the mailboxes."""

from __future__ import annotations

from outreach.celery import app
from sending.mailboxes.oauth import flow
from sending.mailboxes.sending_domains import watch_all
from sending.mailboxes.testing import trim_tests


@app.task(name="mailboxes.trim")
def trim_task() -> None:
    """Forget old tests, and sign-ins that nobody came back from."""
    trim_tests()
    flow.trim()


@app.task(name="mailboxes.watch_domains")
def watch_domains_task() -> None:
    """Watch the domains that mailboxes send from, and hold the cold mail of those that nobody believes."""
    watch_all()
