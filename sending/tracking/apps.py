from __future__ import annotations

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """Hits and their judgement."""

    name = "sending.tracking"
    label = "tracking"
