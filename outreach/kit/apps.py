"""The kit is an app only so that Django finds its template tags."""

from __future__ import annotations

from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "outreach.kit"
    label = "kit"
