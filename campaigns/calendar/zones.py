"""Time zones by name and by country."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones


class ZoneProblem(ValueError):  # shown to a person beside the field
    """A name that is no time zone; the text suggests the nearest."""


@cache
def parse_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name, in any case. Raises ZoneProblem with a suggestion."""
    known = _names().get(name.strip().lower())
    if known is None:
        near = difflib.get_close_matches(name.strip().lower(), _names(), n=1, cutoff=0.5)
        hint = f" Did you mean {_names()[near[0]]}?" if near else " Write it as in Europe/Berlin."
        raise ZoneProblem(f"“{name[:60]}” is not a time zone.{hint}")
    return ZoneInfo(known)


@cache
def zone_of_country(code: str) -> str | None:
    """Return the zone of an ISO 3166 country that has only one, else None: a guess would be a wrong hour."""
    zones = _country_zones().get(code.strip().upper(), ())
    return zones[0] if len(zones) == 1 else None


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def _country_zones() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()}
