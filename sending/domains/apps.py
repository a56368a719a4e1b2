"""Django app of the domains room."""

from __future__ import annotations

from django.apps import AppConfig


class DomainsConfig(AppConfig):
    name = "sending.domains"
    label = "domains"
