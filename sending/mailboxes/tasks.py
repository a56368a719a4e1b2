"""Celery's doors to the mailboxes."""

from __future__ import annotations

from outreach.celery import app
from sending.mailboxes.oauth import flow
from sending.mailboxes.testing import trim_tests


@app.task(name="mailboxes.trim")
def trim_task() -> None:
    """Forget old tests, and sign-ins that nobody came back from."""
    trim_tests()
    flow.trim()
