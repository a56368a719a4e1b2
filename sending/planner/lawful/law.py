"""Which law looks at people of a country, and what it needs: a table with its sources (law.toml). Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Need(StrEnum):
    """What must be there before somebody gets an unasked mail."""

    CONSENT = "consent"  # they agreed, or are customers
    NOTICE = "notice"  # a ground on record, and its source told at the first contact
    IDENTITY = "identity"  # who writes, from where, and how to opt out


@dataclass(frozen=True, slots=True)
class Rule:
    """What the law of some countries asks."""

    need: Need
    law: str
    says: str
    source: str
    countries: Mapping[str, str]  # ISO 3166-1 code -> name


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules, the strictest first."""
    return tuple(Rule(**(row | {"need": Need(row["need"])})) for row in _table()["rule"])


def rule_of(country: str) -> Rule | None:
    """Return the rule of a country by its code; None where the table has none."""
    return _by_country().get(country)


def name_of(country: str) -> str:
    """Return the name of a country that has a rule, else its code."""
    rule = rule_of(country)
    return rule.countries[country] if rule else country


def country_of_domain(domain: str) -> str:
    """Return the country whose people use the top-level domain of an address, "" where that tells none.

    Only those of countries that have a rule: some others (.io, .co, .me) are used by everybody.
    """
    code = domain.rpartition(".")[2].upper()
    code = {"UK": "GB"}.get(code, code)
    return code if rule_of(code) and code != "US" else ""


def version() -> str:
    """Return the version of the table, as a month."""
    return str(_table()["version"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "law.toml").read_text(encoding="utf-8"))


@cache
def _by_country() -> Mapping[str, Rule]:
    return {code: rule for rule in rules() for code in rule.countries}
