"""Country names and codes, as files have them, to ISO 3166-1 alpha-2."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from campaigns.contacts.core.headings import plain


def parse_country(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code for a code or name; None where it is not plain which is meant."""
    return _codes().get(plain(text))


@cache
def _codes() -> dict[str, str]:
    """Return plain name or code -> code, from the time zone database's table and countries.toml."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    codes = {plain(code): code for code, _ in rows}
    for code, name in rows:
        codes.setdefault(plain(name), code)
        codes.setdefault(plain(name.replace("&", " and ").replace("St ", "Saint ")), code)
    also: dict[str, list[str]] = tomllib.loads((files(__package__) / "countries.toml").read_text(encoding="utf-8"))
    for code, names in also.items():
        for name in names:
            codes.setdefault(plain(name), code)
    return codes
