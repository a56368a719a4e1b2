"""What every page shows while a stack sends nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from sending.guard.queries import findings


def standstill(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001
    """Return the findings; asked for when a whole page is drawn, and not for a part of one."""
    return {"standstill": SimpleLazyObject(findings)}
