"""Django app of the mailboxes room."""

from __future__ import annotations

from django.apps import AppConfig


class MailboxesConfig(AppConfig):
    name = "sending.mailboxes"
    label = "mailboxes"
