"""What every page knows: the member, the navigation, the theme."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from outreach.slots import NAVIGATION, SETTINGS

THEMES = ("light", "dark")
THEME = "theme"  # the cookie; without it the system decides


def page(request: HttpRequest) -> dict[str, Any]:
    """Return member, nav, theme and the CSP nonce under the name that django-htmx looks for."""
    theme = request.COOKIES.get(THEME, "")
    return {
        "member": getattr(request, "member", None),
        "nav": NAVIGATION,
        "nav_current": _current(request),
        "theme": theme if theme in THEMES else "system",
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }


def _current(request: HttpRequest) -> str:
    """Return the navigation entry that the page belongs to, by its own name first, then by its room."""
    match = request.resolver_match
    if match is None:
        return ""
    entries = (*NAVIGATION, SETTINGS)
    for item in entries:
        if item.url_name == match.view_name or match.view_name in item.also:
            return item.url_name
    return next((item.url_name for item in entries if match.namespace in item.area.split()), "")
