"""`{% wurl name args %}`: a URL inside the workspace of the page."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def wurl(context: template.Context, name: str, *args: Any) -> str:
    """Reverse `name` inside the current workspace; templates of a workspace page always have one."""
    return reverse(name, args=[context["member"].workspace.slug, *args])
