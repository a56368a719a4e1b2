"""How pages name steps; built in, so that no template loads it."""

from __future__ import annotations

from django import template

from campaigns.sequences.positions import step_name

register = template.Library()


@register.filter
def step(position: int | None) -> str:
    """Write the name of a step: `step {{ row.next_position|step }}` is "step 3", or "step 2.1" of path 2."""
    return step_name(position) if position else ""
