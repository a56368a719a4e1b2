from __future__ import annotations

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """Destinations of the links whose clicks are followed."""

    name = "sending.links"
    label = "links"
