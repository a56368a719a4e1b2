"""Celery's door to the domains."""

from __future__ import annotations

from outreach.celery import app
from sending.domains.services import check_due


@app.task(name="domains.check")
def check_task() -> None:
    """Look up the records of signing keys whose time has come."""
    check_due()
