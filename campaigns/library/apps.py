"""Django app of the library room."""

from __future__ import annotations

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "campaigns.library"
    label = "library"
