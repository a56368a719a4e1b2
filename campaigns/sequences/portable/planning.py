"""A schedule as files and programs write it, made into one that a campaign can have."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.calendar import ClosedSpan, Region, Window, ZoneProblem, parse_zone
from campaigns.calendar.closed import FARTHEST
from campaigns.sequences.portable.shape import SchedulePart, minute_of
from campaigns.sequences.services import LONGEST_AHEAD, Schedule
from outreach.kit import clock


def faults_of(part: SchedulePart) -> Iterator[tuple[str, str]]:
    """Yield the field and the cause of each value that no campaign can have, as the pages refuse it."""
    today = clock.now().date()
    try:
        parse_zone(part.time_zone)
    except ZoneProblem as problem:
        yield "time_zone", str(problem)
    if part.starts_on is not None and part.starts_on > today + LONGEST_AHEAD:
        yield "starts_on", f"the first day is a year ahead at most, not {part.starts_on}."
    for span in part.closed_days:
        if span.last > today + FARTHEST:
            yield "closed_days", f"closed days lie five years ahead at most, not on {span.last}."


def schedule_of(part: SchedulePart) -> Schedule:
    """Return the schedule that a part without faults stands for."""
    return Schedule(
        time_zone=parse_zone(part.time_zone).key,
        use_contact_zone=part.use_contact_zone,
        windows=[Window(one.weekday, minute_of(one.start), minute_of(one.end)) for one in part.windows],
        new_leads_per_day=part.new_contacts_per_day,
        closed=[ClosedSpan(one.first, one.last, one.name) for one in part.closed_days],
        regions=[Region(one.country, one.part) for one in part.holidays],
        daily_limit=part.messages_per_day,
        priority=part.priority,
        starts_on=part.starts_on,
    )
