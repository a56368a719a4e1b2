"""Celery's door to the tracking domains."""

from __future__ import annotations

from outreach.celery import app
from sending.links.hosts.services import check_due


@app.task(name="links.check_domains")
def check_domains_task() -> None:
    """Look at the tracking domains whose time has come."""
    check_due()
