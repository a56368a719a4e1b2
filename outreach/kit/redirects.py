"""Redirects that stay on this site."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(url: str) -> bool:
    """Tell whether a URL is a path of this site: no scheme, no host, nothing that a browser reads as one."""
    is_plain = url.startswith("/") and not url.startswith("//") and "\\" not in url and url.isprintable()
    return is_plain and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def own_path(url: str, otherwise: str) -> str:
    """Return the URL when it is a path of this site, else the other one."""
    return url if is_own_path(url) else otherwise
