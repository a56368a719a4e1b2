"""Celery's door to the domains."""

from __future__ import annotations

from outreach.celery import app
from sending.domains import services, watching


@app.task(name="domains.check")
def check_task() -> None:
    """Look up the records of signing keys whose time has come."""
    services.check_due()


@app.task(name="domains.check_asked")
def check_asked_task(pk: int) -> None:
    """Check the domain that a person asked about."""
    watching.check_asked(pk)


@app.task(name="domains.check_watched")
def check_watched_task() -> None:
    """Check the domains that mailboxes send from whose time has come."""
    watching.check_due()
