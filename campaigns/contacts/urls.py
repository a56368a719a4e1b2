"""Addresses of the pages about contacts, lists, imports and suppressions, below /w/<workspace>/contacts/."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "contacts"
urlpatterns: list[URLPattern] = []
