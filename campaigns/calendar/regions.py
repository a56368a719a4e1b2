"""Public holidays: a country, or a part of one, whose days off close a campaign, with the names of the days in English.

The days come from the package `holidays`, which is imported when somebody has chosen a country: it takes some tenths
of a second, and most processes never need it.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

_ENGLISH = "en_US"
_LONGEST = 100
_MOST_NAMED = 20
_SMALL_WORDS = {"And", "Of", "The", "Da"}
_SPELT = {"hongkong": "Hong Kong", "dr_congo": "DR Congo"}


class RegionProblem(ValueError):
    """A text that names no country or no part of one; the words say what was meant, or what there is."""


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A country by its ISO 3166 code, or one of its parts: DE, DE-BY."""

    country: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.country}-{self.part}" if self.part else self.country


def parse_region(text: str) -> Region:
    """Return the region of a code (DE, DE-BY), a name (Germany; Germany, Bayern), or both as region_label writes them.

    Raises RegionProblem.
    """
    plain = _plain(text[:_LONGEST])
    known = _known().get(plain)
    if known is not None:
        return known
    country, _, part = plain.partition("-" if "-" in plain else ",")
    of_country = _known().get(country.strip())
    if of_country is not None and part.strip():
        raise RegionProblem(_no_part(of_country, text))
    near = difflib.get_close_matches(plain, _known(), n=1, cutoff=0.7) if len(plain) > 3 else []
    hint = f"Did you mean {region_label(_known()[near[0]])}?" if near else "Write DE or Germany; DE-BY for a part."
    raise RegionProblem(f"“{text.strip()[:60]}” is no country whose public holidays are known. {hint}")


def region_name(region: Region) -> str:
    """Return the region's name as a person reads it: "Germany", "Germany, Bayern"; its code if it is not known."""
    module = _modules().get(region.country)
    if module is None:
        return str(region)
    name = _country_name(module)
    return f"{name}, {_part_names(region.country).get(region.part, region.part)}" if region.part else name


def region_label(region: Region) -> str:
    """Return code and name, as a person chooses them from a list: "DE-BY Germany, Bayern"."""
    return f"{region} {region_name(region)}"


def is_known(region: Region) -> bool:
    """Say whether the holidays of the region are known: an older or newer package may know other ones."""
    return region.country in _modules() and (not region.part or region.part in _part_names(region.country))


def known_until(region: Region) -> int:
    """Return the last year whose holidays are known, 0 for a region that is not; some are announced year by year."""
    return int(getattr(_package(), region.country).end_year) if is_known(region) else 0


@cache
def region_labels() -> tuple[str, ...]:
    """Return the label of every region, countries by name and each before its parts. The first call takes a second."""
    parts = _package().list_supported_countries(include_aliases=False)
    countries = sorted((_country_name(_modules()[code]), code) for code in parts)
    found = []
    for _, code in countries:
        by_name = sorted(parts[code], key=_part_names(code).__getitem__)
        found += [Region(code), *(Region(code, part) for part in by_name)]
    return tuple(map(region_label, found))


@lru_cache(maxsize=4_096)
def public_holidays(region: Region, year: int) -> Mapping[date, str]:
    """Return the days off of a year with their names, in English where the package has it; none if it is not known."""
    if not is_known(region):
        return MappingProxyType({})
    package = _package()
    days = package.country_holidays(
        region.country, subdiv=region.part or None, years=year, categories=(package.PUBLIC,), language=_ENGLISH
    )
    return MappingProxyType({day: str(days[day]) for day in sorted(days)})


@cache
def _package() -> Any:
    return import_module("holidays")


@cache
def _modules() -> Mapping[str, str]:
    """Return the package's module of each country by its code; none of them is loaded for it."""
    return {names[1]: module for module, names in _registry().items()}


def _registry() -> Mapping[str, tuple[str, ...]]:
    """Return of each country's module the names it goes by: of the class, two letters, three letters, some more."""
    found: Mapping[str, tuple[str, ...]] = import_module("holidays.registry").COUNTRIES
    return found


@cache
def _known() -> Mapping[str, Region]:
    """Return every region by all that a person may write for it, in small letters without accents."""
    found: dict[str, Region] = {}
    for code, parts in _package().list_supported_countries(include_aliases=False).items():
        country = Region(code)
        module = _modules()[code]
        spellings = [*_registry()[module], _country_name(module), module.replace("_", "-"), region_label(country)]
        found |= dict.fromkeys(map(_plain, spellings), country)
        for part in parts:
            region = Region(code, part)
            spellings = [str(region), region_name(region), region_label(region)]
            found |= dict.fromkeys(map(_plain, spellings), region)
    return found


@cache
def _part_names(country: str) -> Mapping[str, str]:
    """Return the parts of a country: the first name of each by its code, the code where it has none."""
    entity = getattr(_package(), country)
    named = {part: name for name, part in reversed(entity.subdivisions_aliases.items())}
    return {part: named.get(part, part) for part in entity.subdivisions}


def _country_name(module: str) -> str:
    if module in _SPELT:
        return _SPELT[module]
    words = module.replace("_", " ").title().split()
    return " ".join(word.lower() if word in _SMALL_WORDS else word for word in words)


def _no_part(country: Region, text: str) -> str:
    names = _part_names(country.country)
    if not names:
        return f"“{text.strip()[:60]}”: {region_name(country)} has no parts with holidays of their own."
    some = ", ".join(_told(country, part) for part in list(names)[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"“{text.strip()[:60]}” is no part of {region_name(country)}. There are {some}{more}."


def _told(country: Region, part: str) -> str:
    name = _part_names(country.country)[part]
    return f"{country}-{part}" if name == part else f"{country}-{part} ({name})"


def _plain(text: str) -> str:
    """Return the text in small letters, without accents and doubled spaces."""
    letters = unicodedata.normalize("NFKD", text).lower()
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
