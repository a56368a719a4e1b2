"""Template filters and tags that every page uses; built in, so that no template loads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outreach.kit import clock, looks
from outreach.kit import words as texts

register = template.Library()


@register.filter
def tone(state: object) -> str:
    """Return the tone of a state, the end of a class: badge-green, event-red, fill-amber."""
    return looks.tone_of(str(state))


@register.filter
def words(state: object) -> str:
    """Write a state's value as a person says it."""
    return looks.words_of(str(state)) if state else ""


@register.filter
def number(value: float | None) -> str:
    """Write 12300 as 12,300 and nothing as a dash."""
    return texts.NOTHING if value is None else texts.number(value)


@register.filter
def plural(count: int | None, noun: str) -> str:
    """Write a count and its noun: `{{ n|plural:"reply,replies" }}`."""
    return texts.plural(count or 0, noun)


@register.filter
def percent(part: float | None, whole: float = 1) -> str:
    """Write a share: `{{ share|percent }}` of a fraction, `{{ part|percent:whole }}` of two numbers."""
    return texts.NOTHING if part is None else texts.percent(part, whole)


@register.filter
def times(ratio: float) -> str:
    """Write by how many times something is more: 1.4 times."""
    return texts.times(ratio)


@register.filter
def fine_percent(part: float | None) -> str:
    """Write a share whose limits lie at hundredths of a percent, as complaints have them: 0.04 %."""
    return texts.NOTHING if part is None else texts.fine_percent(part)


@register.filter
def rate(part: float | None, whole: float | None) -> str:
    """Write a share with its denominator: `{{ bounced|rate:attempts }}` is "3.2 % of 1,204"."""
    return texts.rate(part or 0, whole or 0)


@register.filter
def get(mapping: Mapping[Any, Any], key: object) -> Any:
    """Return what a mapping holds for a key that is a variable; nothing when it has none."""
    return mapping.get(key)


@register.filter
def ago(at: datetime | None) -> str:
    """Write an instant as seen from now: "5 min ago", "in 3 h"."""
    return texts.ago(at, clock.now()) if at else texts.NOTHING


@register.filter
def clock_of(at: datetime, zone: tzinfo) -> str:
    """Write the time of the day on the clock of a zone: "14:05"."""
    return f"{at.astimezone(zone):%H:%M}"


@register.filter
def moment_of(at: datetime, zone: tzinfo) -> str:
    """Write an instant in full on the clock of a zone."""
    return texts.moment(at, zone)


@register.simple_tag(takes_context=True)
def when(context: template.Context, at: datetime | None, zone: ZoneInfo | None = None) -> str:
    """Write an instant in relative words; on hover the clocks of the recipient (`zone`), the workspace and UTC."""
    if not at:
        return format_html('<span class="muted">{}</span>', texts.NOTHING)
    instant, faces = _faces(context, at, zone)
    return format_html(
        '<time class="when" datetime="{}" title="{}" data-behaviour="ago">{}</time>', instant, faces, ago(at)
    )


@register.simple_tag(takes_context=True)
def due(context: template.Context, at: datetime | None, zone: ZoneInfo | None = None) -> str:
    """Write when something may happen next: as `when`, but what is due already is due "now", not "50 s ago"."""
    if not at or at > clock.now():
        return when(context, at, zone)
    return format_html('<time class="when" datetime="{}" title="{}">now</time>', *_faces(context, at, zone))


def _faces(context: template.Context, at: datetime, zone: ZoneInfo | None) -> tuple[str, str]:
    member = context.get("member")
    home = ZoneInfo(member.workspace.time_zone) if member else None
    faces = [f"{whose}: {texts.moment(at, face)}" for whose, face in (("Recipient", zone), ("You", home)) if face]
    instant = at.astimezone(UTC).isoformat(timespec="seconds")
    return instant, "\n".join([*faces, f"UTC: {texts.moment(at, ZoneInfo('UTC'))}"])


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Render a form field's widget as ui/field.html needs it: styled, and tied to its help and its errors."""
    parts = (("_help", field.help_text), ("_error", field.errors))
    told_by = " ".join(f"{field.auto_id}{end}" for end, is_there in parts if is_there)
    own = field.field.widget.attrs.get("class", "")
    attrs: dict[str, Any] = {"class": f"control {own}".strip()}
    if told_by:
        attrs["aria-describedby"] = told_by
    return field.as_widget(attrs=attrs)
