"""Closed days with their names: what closes each, which come next, and what to say of an instant outside of windows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice

from campaigns.calendar.closed import ClosedSpan
from campaigns.calendar.instants import first_instant, wall_at
from campaigns.calendar.regions import Region, is_known, known_until, public_holidays, region_name
from campaigns.calendar.windows import Schedule

# Public holidays are reckoned for these years around the present one: the year before for what is told of the past;
# behind it the longest forecast (500 days) and the longest wait in business days that the pages take (365) in a row.
_YEARS_BEFORE, _YEARS_AFTER = 1, 3
_MOST_REGIONS_NAMED = 3
_MOST_DAYS_NAMED = 3
_DAY = timedelta(days=1)


def closed_names(spans: Iterable[ClosedSpan], regions: Iterable[Region], *, year: int) -> dict[date, str]:
    """Return each closed day with what closes it, "" where a person gave no name, in the order of the days.

    Public holidays are those from the year before `year` to three years behind it: "Good Friday (Germany; France)".
    """
    found: dict[date, list[str]] = {}
    for span in spans:
        for day in span.days():
            found.setdefault(day, []).append(span.name)
    for day, by_name in _holidays(regions, range(year - _YEARS_BEFORE, year + _YEARS_AFTER + 1)).items():
        found.setdefault(day, []).extend(f"{name} ({_named(places)})" for name, places in by_name.items())
    return {day: "; ".join(dict.fromkeys(filter(None, found[day]))) for day in sorted(found)}


def ending_before_plans(regions: Iterable[Region], *, year: int) -> list[tuple[str, int]]:
    """Return the known regions, by name, whose holidays end before the years that plans ask for; and where they end."""
    ends = {region: known_until(region) for region in regions if is_known(region)}
    return [(region_name(region), last) for region, last in ends.items() if last < year + _YEARS_AFTER]


def next_closed(names: Mapping[date, str], today: date, *, most: int = 10) -> list[tuple[date, str]]:
    """Return the closed days from today on, at most so many, in order."""
    return list(islice(((day, names[day]) for day in sorted(names) if day >= today), most))


def closed_words(name: str, day: date) -> str:
    """Return what is said of a closed day."""
    return f"Closed: {name}." if name else f"Closed on {day}."


def outside_words(schedule: Schedule, zone: tzinfo, zone_name: str, at: datetime, opens: datetime) -> str:
    """Return why nothing goes out at an instant outside of the windows, before they open again at `opens`."""
    if schedule.starts_on is not None and wall_at(at, zone).date() < schedule.starts_on:
        return f"It starts on {schedule.starts_on:%d %B %Y} in {zone_name}."
    outside = f"Outside the sending window in {zone_name}"
    days = closed_between(schedule, zone, at, opens)
    if not days:
        return f"{outside}."
    if days[0] == wall_at(at, zone).date():
        return closed_words(schedule.names.get(days[0], ""), days[0])
    told = [schedule.names.get(day) or str(day) for day in days[:_MOST_DAYS_NAMED]]
    more = f" and {len(days) - len(told)} more days" if len(days) > len(told) else ""
    return f"{outside}; then closed: {', '.join(dict.fromkeys(told))}{more}."


def closed_between(schedule: Schedule, zone: tzinfo, begin: datetime, end: datetime) -> list[date]:
    """Return the closed days from the local date of begin to that of end; those alone that would have had windows."""
    if not schedule.holidays:
        return []
    day, last = wall_at(begin, zone).date(), wall_at(end, zone).date()
    weekdays = {window.weekday for window in schedule.windows}
    days = (day + timedelta(days=offset) for offset in range((last - day).days + 1))
    return [one for one in days if one in schedule.holidays and one.isoweekday() in weekdays]


def closed_parts(
    schedule: Schedule, zone: tzinfo, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, date]]:
    """Yield the parts of [begin, end) that lie on closed days which would have had windows, with the day."""
    for day in closed_between(schedule, zone, begin, end):
        start, stop = max(begin, first_instant(zone, day, 0)), min(end, first_instant(zone, day + _DAY, 0))
        if start < stop:
            yield start, stop, day


def _holidays(regions: Iterable[Region], years: Collection[int]) -> dict[date, dict[str, list[str]]]:
    """Return of each day the names of its holidays, and the regions that have them under that name."""
    found: dict[date, dict[str, list[str]]] = {}
    for region in sorted(set(regions)):
        for year in years:
            for day, name in public_holidays(region, year).items():
                found.setdefault(day, {}).setdefault(name, []).append(region_name(region))
    return found


def _named(places: Collection[str]) -> str:
    some = "; ".join(list(places)[:_MOST_REGIONS_NAMED])
    return f"{some} and {len(places) - _MOST_REGIONS_NAMED} more" if len(places) > _MOST_REGIONS_NAMED else some
