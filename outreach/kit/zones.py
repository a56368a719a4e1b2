"""Time zones by the names that people type."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones


class UnknownZone(ValueError):
    """A name that is no time zone; the text is for the person who typed it and suggests the nearest."""


def zone_name(typed: str) -> str:
    """Return the IANA name in its own spelling, for any case and with spaces. Raises UnknownZone."""
    wanted = "_".join(typed.split()).lower()
    found = _names().get(wanted)
    if found is None:
        raise UnknownZone(f"“{typed.strip()[:60]}” is not a time zone. {_hint(wanted)}")
    return found


@cache
def common_zones() -> tuple[str, ...]:
    """Return the zones that countries use for themselves, for a list to choose from; UTC first."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return ("UTC", *sorted({row[2] for row in rows}))


def _hint(wanted: str) -> str:
    """Suggest the nearest name; people often write only the city, so that counts as well as the whole."""
    by_city = {name.rpartition("/")[2]: name for name in _names() if "/" in name}
    near = difflib.get_close_matches(wanted[:80], [*_names(), *by_city], n=1, cutoff=0.6)
    if not near:
        return "Write it as in Europe/Berlin."
    return f"Did you mean {_names()[by_city.get(near[0], near[0])]}?"


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
