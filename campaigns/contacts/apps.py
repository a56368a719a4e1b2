"""Django app of the contacts room."""

from __future__ import annotations

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "campaigns.contacts"
    label = "contacts"
