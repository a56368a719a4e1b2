"""Template filters and tags that every page uses; built in, so that no template loads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.http import HttpRequest

from outreach.kit import clock, figures, words
from outreach.kit.looks import Look, look_of

register = template.Library()


class Place(Protocol):
    """An entry of the navigation; `area` is a namespace, or a URL name without its end."""

    @property
    def area(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Clock:
    """One line of what a time shows on hover: whose clock, and what it says."""

    whose: str
    text: str


@register.filter
def look(state: object) -> Look:
    """Return the tone, icon and word of a state: `{{ message.state|look.word }}` reads `(state|look)`."""
    return look_of(str(state))


@register.filter
def number(value: object) -> str:
    """Write 12300 as 12,300, nothing as a dash; what is no number stays as it is."""
    if value is None or value == "":
        return words.NOTHING
    return words.number(value) if isinstance(value, int | float) else str(value)


@register.filter
def percent(part: float | None, whole: float | None) -> str:
    """Write a share: `{{ bounced|percent:attempts }}`. Prefer `rate`, which shows the denominator."""
    return words.percent(part or 0, whole or 0)


@register.filter
def rate(part: float | None, whole: float | None) -> str:
    """Write a share with its denominator: `{{ bounced|rate:attempts }}` is "3.2 % of 1,204"."""
    return words.rate(part or 0, whole or 0)


@register.filter
def plural(count: int | None, noun: str) -> str:
    """Write a count and its noun: `{{ n|plural:"reply,replies" }}`."""
    return words.plural(count or 0, noun)


@register.filter
def ago(at: datetime | None) -> str:
    """Write an instant as seen from now: "5 min ago", "in 3 h"."""
    return words.ago(at, clock.now()) if at else words.NOTHING


@register.filter
def duration(length: timedelta | float | None) -> str:
    """Write a length of time; a bare number counts seconds."""
    if length is None or length == "":
        return words.NOTHING
    return words.duration(length if isinstance(length, timedelta) else timedelta(seconds=length))


@register.filter
def initials(name: object) -> str:
    """Return one or two letters for a person."""
    return words.initials(str(name))


@register.filter
def share(part: float | str, whole: float | str) -> float:
    """Return part / whole in percent for the geometry of a figure, between 0 and 100."""
    try:
        return figures.share(float(part), float(whole))
    except (TypeError, ValueError):
        return 0.0


@register.filter
def segments(counts: Mapping[str, int] | Iterable[tuple[str, int]]) -> list[figures.Segment]:
    """Lay the counts of states end to end for a bar."""
    return figures.segments(counts.items() if isinstance(counts, Mapping) else counts)


@register.filter
def spark(values: Sequence[float]) -> figures.Spark:
    """Draw numbers as a small line."""
    return figures.spark(values)


@register.filter
def columns(days: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> figures.Columns:
    """Draw days as stacked columns."""
    return figures.columns(days)


@register.simple_tag
def clocks(at: datetime, zone: object = "", sender_zone: object = "") -> list[Clock]:
    """Say what the recipient's, the sender's and the UTC clock show at an instant; zones that are unknown are left out."""
    asked = (("Recipient", zone), ("Sender", sender_zone))
    known = [Clock(whose, words.moment(at, found)) for whose, name in asked if (found := _zone(name))]
    return [*known, Clock("UTC", words.moment(at, ZoneInfo("UTC")))]


@register.filter
def iso(at: datetime) -> str:
    """Write an instant for <time datetime>."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.simple_tag(takes_context=True)
def current_place(context: template.Context, nav: Iterable[Place]) -> Place | None:
    """Return the entry of the navigation that the page belongs to: the longest area its URL name begins with."""
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request else None
    name = match.view_name if match else ""
    return max((place for place in nav if _holds(place.area, name)), key=lambda place: len(place.area), default=None)


@register.simple_tag
def one_of(*choices: Any) -> Any:
    """Return the first choice that is not empty."""
    return next((choice for choice in choices if choice not in {None, "", False}), "")


def _holds(area: str, name: str) -> bool:
    return name.startswith(area) if ":" in area else name.startswith(f"{area}:")


def _zone(name: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(name)) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
