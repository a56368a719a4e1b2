"""Django app of the postmaster room."""

from __future__ import annotations

from django.apps import AppConfig


class PostmasterConfig(AppConfig):
    name = "sending.postmaster"
    label = "postmaster"
