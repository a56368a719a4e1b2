"""A schedule in words, one fact a line, as the story keeps what stood there before an edit and what stands now."""

from __future__ import annotations

from collections.abc import Iterable

from campaigns.calendar import ClosedSpan, Region, Window, closed_text, hours_text, region_label
from campaigns.sequences.models import Campaign

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def schedule_lines(
    campaign: Campaign, windows: Iterable[Window], spans: Iterable[ClosedSpan], regions: Iterable[Region]
) -> list[str]:
    """Return when a campaign may send: its hours, zone, first day, limits, priority and closed days."""
    by_day: dict[int, list[tuple[int, int]]] = {}
    for one in windows:
        by_day.setdefault(one.weekday, []).append((one.start, one.end))
    whose = "the contact's own time zone where it is known, else " if campaign.use_contact_zone else ""
    limits = (("new contacts", campaign.new_leads_per_day), ("messages", campaign.daily_limit))
    return [
        *(f"{_DAYS[weekday - 1]} {hours_text(by_day[weekday])}" for weekday in sorted(by_day)),
        f"in {whose}{campaign.time_zone}",
        *([f"from {campaign.starts_on} on"] if campaign.starts_on else []),
        *(f"{limit:,} {what} a day" for what, limit in limits if limit is not None),
        f"priority {campaign.priority}",
        *closing_lines(spans, regions),
    ]


def closing_lines(spans: Iterable[ClosedSpan], regions: Iterable[Region]) -> list[str]:
    """Return the closed days, and the regions whose public holidays are closed."""
    days = closed_text(spans).splitlines()
    return [f"closed {day}" for day in days] + [f"closed on holidays of {region_label(one)}" for one in sorted(regions)]


def changed(before: list[str], after: list[str]) -> tuple[str, str]:
    """Return the lines that went and those that came, each as one text; both "" where nothing changed."""
    went, came = ([line for line in some if line not in other] for some, other in ((before, after), (after, before)))
    return "\n".join(went), "\n".join(came)
