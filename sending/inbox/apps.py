"""Django app of the inbox room."""

from __future__ import annotations

from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "sending.inbox"
    label = "inbox"
