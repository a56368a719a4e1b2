"""What every page knows: the member, the navigation, the theme."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from outreach.slots import NAVIGATION

THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Return member, nav, theme and the CSP nonce under the name that django-htmx looks for."""
    theme = request.COOKIES.get("theme", "")
    return {
        "member": getattr(request, "member", None),
        "nav": NAVIGATION,
        "theme": theme if theme in THEMES else "system",
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }
