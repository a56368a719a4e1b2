"""Numbers, shares and times in words, the same on every page."""

from __future__ import annotations

from datetime import datetime, tzinfo

NOTHING = "–"  # noqa: RUF001  an en dash on purpose: the sign for "no value"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def number(value: float) -> str:
    """Write a number with thousands apart: 12,300; a fraction keeps one digit."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: (2, "reply,replies") is "2 replies"; without a comma an s is added."""
    one, _, many = noun.partition(",")
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def percent(part: float, whole: float) -> str:
    """Write a share; under 10 % with one digit. Never "0 %" of something, nor "100 %" of not everything."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    is_coarse = share in {0, 100} or 10 <= share < 99
    return f"{share:.0f} %" if is_coarse else f"{share:.1f} %"


def times(ratio: float) -> str:
    """Write by how many times something is more: 1.4 times, 0.08 times, 12 times."""
    digits = 0 if ratio >= 10 or not ratio else 1 if ratio >= 1 else 2
    return f"{ratio:.{digits}f} times"


def fine_percent(share: float) -> str:
    """Write a share (0 to 1) in hundredths of a percent: 0.04 %. Never "0 %" of something."""
    if 0 < share < 0.00005:
        return "< 0.01 %"
    return f"{100 * share:.2f} %" if share else "0 %"


def rate(part: float, whole: float) -> str:
    """Write a share with its denominator, "3.2 % of 1,204": no rate stands alone."""
    return f"{percent(part, whole)} of {number(whole)}"


def ago(at: datetime, now: datetime) -> str:
    """Write an instant as seen from `now`: "12 s ago", "in 3 h", "4 days ago", and a date beyond 30 days.

    static/js/behaviours/ago.js says the same while a page stays open.
    """
    gap_s = (now - at).total_seconds()
    distance_s = int(abs(gap_s))
    if distance_s < 5:
        return "just now" if gap_s >= 0 else "in a moment"
    if distance_s >= 30 * _DAY_S:
        return _day(at) if at.year == now.year else f"{_day(at)} {at.year}"
    if distance_s < _MINUTE_S:
        text = f"{distance_s} s"
    elif distance_s < _HOUR_S:
        text = f"{distance_s // _MINUTE_S} min"
    elif distance_s < _DAY_S:
        text = f"{distance_s // _HOUR_S} h"
    else:
        text = plural(distance_s // _DAY_S, "day")
    return f"{text} ago" if gap_s >= 0 else f"in {text}"


def moment(at: datetime, zone: tzinfo) -> str:
    """Write an instant on the clock of a zone: "Tue 24 Nov 2026, 14:05:09 CET"."""
    local = at.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {_day(local)} {local.year}, {local:%H:%M:%S} {local:%Z}"


def _day(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]}"
