"""The gate of the forecast: when the campaign is done, and what binds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo

from outreach.kit.looks import words_of
from outreach.kit.words import plural
from sending.pacing.outlook import Forecast
from sending.planner.review.gates import AMBER, GREEN
from sending.planner.review.lights import Evidence, Gate, gate


def forecast_gate(forecast: Forecast, stuck: Mapping[str, int], zone: tzinfo) -> Gate:
    """Return what is foreseen of a campaign, on the clock of a zone; stuck: whom no forecast moves, by reason."""
    return gate("forecast", "Forecast", [*_evidence(forecast, zone), *_stuck(stuck)])


def _evidence(forecast: Forecast, zone: tzinfo) -> Iterator[Evidence]:
    where = ("Day by day, what binds, and what if", "planner:forecast")
    if not forecast.total or forecast.ends_at is None or forecast.next_at is None:
        yield Evidence(AMBER, "No message is foreseen as things stand.", *where)
        return
    days = plural(len(forecast.days), "day")
    words = f"{plural(forecast.total, 'message')} on {days}, at most {forecast.busiest:,} a day"
    yield Evidence(GREEN, f"Done {_day(forecast.ends_at.astimezone(zone))}: {words}.", *where)
    first = forecast.next_at.astimezone(zone)
    yield Evidence(GREEN, f"First message {_day(first)}, {first:%H:%M}.", "Next sends", "planner:next_sends")
    if forecast.left:
        yield Evidence(AMBER, f"{plural(forecast.left, 'person waits,people wait')} longer than is foreseen.", *where)
    if forecast.binding:
        code, count = forecast.binding
        of = f"on {count} of {days}" if len(forecast.days) > 1 else "on its day"
        yield Evidence(GREEN, f"What binds: {words_of(code.value).lower()}, {of}.", *where)
    else:
        yield Evidence(GREEN, "Nothing binds it: whoever is due on a day is written to on that day.", *where)


def _stuck(stuck: Mapping[str, int]) -> Iterator[Evidence]:
    for code, count in stuck.items():
        words = f"{plural(count, 'person,people')} left out: {words_of(code).lower()}."
        yield Evidence(GREEN, words, "Forecast", "planner:forecast")


def _day(at: object) -> str:
    return f"{at:%a} {at:%d} {at:%B %Y}".replace(" 0", " ")
