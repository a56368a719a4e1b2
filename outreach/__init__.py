"""The ground floor: settings, embedded servers, accounts and small tools; knows nothing of campaigns or sending."""

from __future__ import annotations

from outreach.celery import app as celery_app

__all__ = ["celery_app"]
__version__ = "0.1.0"
