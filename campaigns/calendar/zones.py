"""Time zones by name and by country. The names come with the program's own zone data, not from the server's."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_LONGEST = 64
_COMPARED = 12  # names letter by letter with one that is none: to compare all thousand takes 11 ms
_ALIKE = 0.6  # of SequenceMatcher.ratio: below it a suggestion is none
# What spreadsheets hold instead of names. Abbreviations that mean several zones (CST, IST, BST) are not guessed.
_ALIASES = {
    "z": "Etc/UTC", "utc+0": "Etc/UTC", "gmt+0": "Etc/GMT", "uk": "Europe/London", "england": "Europe/London",
    "eastern": "America/New_York", "eastern time": "America/New_York",
    "central time (us)": "America/Chicago", "mountain time": "America/Denver",
    "pacific": "America/Los_Angeles", "pacific time": "America/Los_Angeles",
    "w._europe_standard_time": "Europe/Berlin", "romance_standard_time": "Europe/Paris",
    "gmt_standard_time": "Europe/London", "central_europe_standard_time": "Europe/Budapest",
    "eastern_standard_time": "America/New_York", "central_standard_time": "America/Chicago",
    "mountain_standard_time": "America/Denver", "pacific_standard_time": "America/Los_Angeles",
    "india_standard_time": "Asia/Kolkata", "china_standard_time": "Asia/Shanghai", "tokyo_standard_time": "Asia/Tokyo",
    "singapore_standard_time": "Asia/Singapore", "aus_eastern_standard_time": "Australia/Sydney",
}  # fmt: skip
# Zones of a country count as one when their clocks agree at all of these instants.
_PROBES = tuple(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=7 * week) for week in range(12 * 52))


class ZoneProblem(ValueError):  # shown to a person beside the field
    """A name that is no time zone; the text suggests the nearest."""


@lru_cache(maxsize=4_096)
def parse_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name in any case, of a city that has one, or of a usual name for one.

    Raises ZoneProblem with a suggestion.
    """
    known = find_zone(name)
    if known is None:
        raise ZoneProblem(f"“{name.strip()[:60]}” is not a time zone. {_hint(_plain_zone(name))}")
    return ZoneInfo(known)


def find_zone(name: str) -> str | None:
    """Return the IANA name that `parse_zone` would find, None where it would suggest one."""
    plain = _plain_zone(name)
    return _names().get(plain) or _aliases().get(plain)


def _plain_zone(name: str) -> str:
    return name.strip().lower().replace(" ", "_") if len(name) <= _LONGEST else ""


@lru_cache(maxsize=1_024)
def zone_of_country(code: str) -> str | None:
    """Return the zone of an ISO 3166 country whose clocks all agree, else None: a guess would be a wrong hour."""
    first, *others = _country_zones().get(code.strip().upper()) or (None,)
    if first is None or any(_clock(other) != _clock(first) for other in others):
        return None
    return first


@lru_cache(maxsize=4_096)
def zone_of_place(country: str, region: str) -> str | None:
    """Return the zone of a country, or of the state or province of one that has several; None where it is not plain.

    country: ISO 3166 code. region: as people write it, "CA", "US-CA" or "California"; asked only where needed.
    """
    return zone_of_country(country) or _region_zones().get((country.strip().upper(), _plain(region)))


def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in bare if character.isalnum())


@cache
def _region_zones() -> dict[tuple[str, str], str]:
    """Return the zone by country and by each code and name of a part of it."""
    table = tomllib.loads((files(__package__) / "states.toml").read_text(encoding="utf-8"))
    return {
        (country, _plain(name)): zone
        for country, zones in table.items()
        for zone, regions in zones.items()
        for code, *names in regions
        for name in (code, f"{country}{code}", *names)
    }


@lru_cache(maxsize=4_096)
def _hint(plain: str) -> str:
    near = _nearest(plain) if len(plain) > 3 else None
    return f"Did you mean {_suggested()[near]}?" if near else "Write it as in Europe/Berlin."


def _nearest(plain: str) -> str | None:
    """Return the name that is most like it; only those are compared that share most pairs of letters with it."""
    shared = Counter(name for pair in _pairs_of(plain) for name in _by_pair().get(pair, ()))
    # Of those that share as many, the shorter one has less besides.
    likely = sorted(shared, key=lambda name: (-shared[name], len(name), name))[:_COMPARED]
    alike, nearest = max(((_likeness(plain, name), name) for name in likely), default=(0.0, None))
    return nearest if alike >= _ALIKE else None


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _pairs_of(name: str) -> set[str]:
    return {name[at : at + 2] for at in range(len(name) - 1)}


@cache
def _by_pair() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in _suggested():
        for pair in _pairs_of(name):
            found.setdefault(pair, []).append(name)
    return found


@cache
def _suggested() -> dict[str, str]:
    return {**_cities(), **_names()}


@cache
def _names() -> dict[str, str]:
    """Return every zone of the data by its name in small letters."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names if name != "Factory"}


@cache
def _aliases() -> dict[str, str]:
    return {alias.replace(" ", "_"): name for alias, name in {**_cities(), **_ALIASES}.items()}


@cache
def _cities() -> dict[str, str]:
    """Return the zones of the countries by the names of their cities, where only one has that city."""
    found: dict[str, set[str]] = {}
    for zones in _country_zones().values():
        for zone in zones:
            found.setdefault(zone.rpartition("/")[2].lower(), set()).add(zone)
    return {city: zones.pop() for city, zones in found.items() if len(zones) == 1}


@cache
def _country_zones() -> dict[str, tuple[str, ...]]:
    """Return the zones of each country, the most populous first, as the table lists them."""
    found: dict[str, list[str]] = {}
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()}


@cache
def _clock(name: str) -> tuple[timedelta | None, ...]:
    zone = ZoneInfo(name)
    return tuple(probe.astimezone(zone).utcoffset() for probe in _PROBES)
