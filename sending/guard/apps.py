"""Django app of the guard room."""

from __future__ import annotations

from django.apps import AppConfig


class GuardConfig(AppConfig):
    name = "sending.guard"
    label = "guard"
