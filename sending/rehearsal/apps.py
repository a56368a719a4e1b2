"""Django app of the rehearsal room."""

from __future__ import annotations

from django.apps import AppConfig


class RehearsalConfig(AppConfig):
    name = "sending.rehearsal"
    label = "rehearsal"
