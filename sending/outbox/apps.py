"""Django app of the outbox room."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "sending.outbox"
    label = "outbox"
