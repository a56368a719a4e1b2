"""Django app of the dmarc room."""

from __future__ import annotations

from django.apps import AppConfig


class DmarcConfig(AppConfig):
    name = "sending.dmarc"
    label = "dmarc"
