"""The columns of a forecast's chart: one for each day or week, its steps stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.pacing.outlook import Bound, Forecast, ForecastDay, by_week
from sending.planner.explain.places import Place, place_of

WIDTH, HEIGHT = 1000, 180
# More columns than this are too thin to be told apart: weeks then.
_MOST_DAYS = 60
_TONES = ("blue", "violet", "green", "amber", "olive", "pink", "slate")


@dataclass(frozen=True, slots=True)
class Part:
    """One step's part of a column, from the top of its rectangle."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A day or a week: its rectangles, its counts, and what bound it, with where that is set."""

    day: ForecastDay
    counted: Sequence[tuple[int, int]]  # how many of which step, by its position
    x: float
    width: float
    parts: Sequence[Part]
    bound: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Chart:
    """What a forecast looks like: columns, whether they are weeks, and the tone of each step."""

    columns: Sequence[Column]
    is_weekly: bool
    tones: Sequence[tuple[int, str]]
    highest: int


def chart_of(forecast: Forecast, mailboxes: Mapping[int, Mailbox], campaign_id: int) -> Chart:
    """Return the chart of a forecast, by weeks where the days are many."""
    is_weekly = len(forecast.days) > _MOST_DAYS
    days = by_week(forecast.days) if is_weekly else forecast.days
    highest = max((one.total for one in days), default=0)
    step = WIDTH / max(1, len(days))
    columns = []
    for place, one in enumerate(days):
        words, page = _words(one.bound, mailboxes, campaign_id)
        parts = _parts(one, highest)
        counted = list(zip(one.counts, forecast.positions, strict=True))
        columns.append(
            Column(one, counted, round(place * step + step * 0.1, 1), round(step * 0.8, 1), parts, words, page)
        )
    tones = [(position, _tone(place)) for place, position in enumerate(forecast.positions)]
    return Chart(columns, is_weekly, tones, highest)


def _parts(day: ForecastDay, highest: int) -> list[Part]:
    parts = []
    below = 0.0
    for place, count in enumerate(day.counts):
        height = HEIGHT * count / highest if highest else 0.0
        below += height
        if count:
            parts.append(Part(_tone(place), round(HEIGHT - below, 1), round(height, 1)))
    return parts


def _tone(place: int) -> str:
    return _TONES[place % len(_TONES)]


def _words(bound: Bound | None, mailboxes: Mapping[int, Mailbox], campaign_id: int) -> tuple[str, Place | None]:
    if bound is None:
        return "Whoever was due had theirs", None
    known = [mailboxes[pk].address for pk in bound.mailbox_ids if pk in mailboxes]
    mailbox_id = bound.mailbox_ids[0] if len(bound.mailbox_ids) == 1 else None
    whose = known[0] if len(bound.mailbox_ids) == 1 and known else f"{len(bound.mailbox_ids)} mailboxes"
    page = place_of(bound.code, campaign_id=campaign_id, mailbox_id=mailbox_id if known else None)
    return f"{bound_words(bound.code)} ({whose})", page


def bound_words(code: str) -> str:
    """Say what binds a day, whatever mailboxes it holds."""
    return _BOUNDS.get(code) or code.replace("_", " ").capitalize()


_BOUNDS: Mapping[str, str] = {
    HoldCode.DAILY_LIMIT: "Daily limit or ramp",
    HoldCode.HOURLY_LIMIT: "Hourly limit",
    HoldCode.RESERVED: "Places kept for follow-ups",
    HoldCode.NEW_LEADS_LIMIT: "New contacts a day",
    HoldCode.CAMPAIGN_LIMIT: "The campaign's messages a day",
    HoldCode.ROTATION: "Turns by weight",
    HoldCode.GAP: "The gap, within the hours of sending",
    HoldCode.MAILBOX_BACKOFF: "A server that asks to wait",
    HoldCode.AUTHENTICATION: "A domain that is not believed",
}
