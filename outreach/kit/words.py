"""Numbers, shares and times in words, the same on every page."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

NOTHING = "–"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


def number(value: float) -> str:
    """Write a number with thousands apart: 12,300; fractions keep one digit."""
    return f"{value:,.1f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"


def plural(count: int, noun: str) -> str:
    """Write a count and its noun: plural(2, "reply,replies") is "2 replies"; without a comma an s is added."""
    one, _, many = noun.partition(",")
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def percent(part: float, whole: float) -> str:
    """Write a share; under 10 % with one digit. Never "0 %" for something or "100 %" for not everything."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    is_coarse = share in {0, 100} or 10 <= share < 99
    return f"{share:.0f} %" if is_coarse else f"{share:.1f} %"


def rate(part: float, whole: float) -> str:
    """Write a share with its denominator, "3.2 % of 1,204": no rate stands alone."""
    return f"{percent(part, whole)} of {number(whole)}"


def duration(length: timedelta) -> str:
    """Write a length of time in one or two units: 850 ms, 12 s, 4 min, 2 h 5 min, 3 days."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{max(0, seconds) * 1000:.0f} ms"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min"
    if whole < _DAY_S:
        hours, minutes = divmod(whole // _MINUTE_S, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return plural(whole // _DAY_S, "day")


def ago(at: datetime, now: datetime) -> str:
    """Write an instant as seen from `now`: "12 s ago", "in 3 h", "4 days ago", and a date beyond 30 days."""
    gap_s = (now - at).total_seconds()
    distance = abs(gap_s)
    if distance < 5:
        return "just now" if gap_s >= 0 else "in a moment"
    if distance >= 30 * _DAY_S:
        return day(at) if at.year == now.year else f"{day(at)} {at.year}"
    if distance < _MINUTE_S:
        text = f"{distance:.0f} s" if distance < 59.5 else "1 min"
    elif distance < _HOUR_S:
        text = f"{distance // _MINUTE_S:.0f} min"
    elif distance < _DAY_S:
        text = f"{distance // _HOUR_S:.0f} h"
    else:
        text = plural(int(distance // _DAY_S), "day")
    return f"{text} ago" if gap_s >= 0 else f"in {text}"


def day(at: datetime) -> str:
    """Write the day of an instant in its own zone: 7 Mar."""
    return f"{at.day} {_MONTHS[at.month - 1]}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Write an instant on the clock of a zone: "Tue 24 Nov 2026, 14:05:09 CET"."""
    local = at.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {day(local)} {local.year}, {local:%H:%M:%S} {local:%Z}"


def initials(name: str) -> str:
    """Return one or two letters for a name or an address: "Ada Lovelace" is AL, "ada@example.com" is A."""
    words = [word for word in name.partition("@")[0].replace(".", " ").split() if word]
    letters = [word[0] for word in words if unicodedata.category(word[0])[0] in "LN"]
    return (letters[0] + (letters[-1] if len(letters) > 1 else "")).upper() if letters else "?"
