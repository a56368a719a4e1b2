"""When something may be sent: local windows, zones, waits. Pure: instants come in, instants go out.

Instants are aware UTC datetimes; a window is an intent in local time and is resolved anew at each question, since the
rules of a zone can change between planning and sending.
"""

from campaigns.calendar.closed import ClosedProblem, ClosedSpan, closed_text, parse_closed
from campaigns.calendar.closures import (
    closed_between,
    closed_names,
    closed_parts,
    closed_words,
    ending_before_plans,
    next_closed,
    outside_words,
)
from campaigns.calendar.coming import ClockChange, ComingDay, coming_days, next_clock_change
from campaigns.calendar.hours import HoursProblem, hours_text, parse_hours, span_text
from campaigns.calendar.regions import Region, RegionProblem, is_known, parse_region, region_label, region_labels
from campaigns.calendar.waits import Wait, WaitUnit, wait_until
from campaigns.calendar.windows import (
    Never,
    Schedule,
    Window,
    is_open,
    next_open,
    next_window,
    open_minutes_left,
    open_seconds_between,
    window_end,
)
from campaigns.calendar.zones import ZoneProblem, find_zone, parse_zone, zone_of_country, zone_of_place

__all__ = [
    "ClockChange", "ClosedProblem", "ClosedSpan", "ComingDay", "HoursProblem", "Never", "Region", "RegionProblem",
    "Schedule", "Wait", "WaitUnit", "Window", "ZoneProblem", "closed_between", "closed_names", "closed_parts",
    "closed_text", "closed_words", "coming_days", "ending_before_plans", "find_zone", "hours_text", "is_known",
    "is_open", "next_clock_change", "next_closed", "next_open", "next_window", "open_minutes_left",
    "open_seconds_between", "outside_words", "parse_closed", "parse_hours", "parse_region", "parse_zone",
    "region_label", "region_labels", "span_text", "wait_until", "window_end", "zone_of_country", "zone_of_place",
]  # fmt: skip
