"""Answer with the whole page, or with the region that htmx asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def render_region(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, region: str = "", status: int = 200
) -> HttpResponse:
    """Render the template; for an htmx request that targets a region, only its partial (`template#region`).

    A request for history or by a boosted link gets the whole page.
    """
    htmx = getattr(request, "htmx", None)
    wanted = bool(region and htmx and not htmx.boosted and not htmx.history_restore_request)
    response = render(request, f"{template}#{region}" if wanted else template, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
