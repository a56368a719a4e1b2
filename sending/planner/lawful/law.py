"""Which law looks at people of a country, and what it needs: a table with its sources (law.toml). Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from campaigns.contacts.states import LegalBasis

_USUAL = ({"basis": LegalBasis.CONSENT}, {"basis": LegalBasis.CONTRACT})


class Need(StrEnum):
    """What must be there before somebody gets an unasked mail."""

    CONSENT = "consent"  # they agreed, or are customers
    NOTICE = "notice"  # a ground on record, and its source told at the first contact
    IDENTITY = "identity"  # who writes, from where, and how to opt out


class Duty(StrEnum):
    """What a law may ask of a campaign; the value names the gate."""

    CONSENT = "consent"  # of the people, on record
    RECORD = "record"  # the weighing of a legitimate interest, on record
    NOTICE = "notice"  # where the address is from, in the first message
    ADDRESS = "address"  # the sender's postal address, in each message
    OPT_OUT = "opt_out"  # how to get no more, visible in each message


class Against(StrEnum):
    """Beside what a row of the table was last read; none was on the page that it links to."""

    TEXT = "text"  # the words of the law, in a copy that stands elsewhere
    SUMMARY = "summary"  # what authorities, chambers and law firms write of it
    NOTES = "notes"  # the project's notes of the law alone


@dataclass(frozen=True, slots=True)
class Checked:
    """When a row of the table was last read, and beside what."""

    on: date
    against: Against


@dataclass(frozen=True, slots=True)
class Clause:
    """One place of a law, and what it says."""

    law: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Asked(Clause):
    """What a law asks; room: where it lets whoever answers for it decide, None where nothing can be decided."""

    checked: Checked
    room: Clause | None = None


@dataclass(frozen=True, slots=True)
class Term(Clause):
    """What counts as a consent: a ground of an import, and what has to be on record with it.

    months: so long from its day on, 0 = without end. needs_page: with its day and page. of_companies: if they are.
    The place of the law is "" where that is the rule's own.
    """

    basis: str = ""
    months: int = 0
    needs_page: bool = False
    of_companies: bool = False

    @property
    def is_plain(self) -> bool:
        """It counts without a day, a page or a kind of people."""
        return not (self.months or self.needs_page or self.of_companies)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the law of some countries asks."""

    need: Need
    law: str
    says: str
    source: str
    checked: Checked
    countries: Mapping[str, str]  # ISO 3166-1 code -> name
    duties: Mapping[Duty, Asked] = field(default_factory=dict)
    terms: Sequence[Term] = ()  # what counts as the consent, where it is asked for


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules, the strictest first."""
    known = {name: _asked(row) for name, row in _table()["duty"].items()}
    return tuple(_rule(row, known) for row in _table()["rule"])


def rule_of(country: str) -> Rule | None:
    """Return the rule of a country by its code; None where the table has none."""
    return _by_country().get(country)


def duty_of(country: str, duty: Duty) -> Asked | None:
    """Return what the law of a country asks of one kind; None where it does not, or the country is not known here."""
    rule = rule_of(country)
    return rule.duties.get(duty) if rule else None


def terms_of(country: str) -> Sequence[Term]:
    """Return what counts as a consent to the law of a country, nothing where it needs none."""
    rule = rule_of(country)
    return rule.terms if rule else ()


def may_ask_source(code: str) -> bool:
    """Say whether the first message to somebody of a country has to tell where their address is from.

    Also where no country is known (""): they may be in the European Union, and nobody is harmed by knowing it.
    """
    return not code or duty_of(code, Duty.NOTICE) is not None


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
    """Return the version of the table."""
    return str(_table()["version"])


def checked_by() -> str:
    """Return who went through the table."""
    return str(_table()["checked_by"])


def _rule(row: Mapping[str, Any], known: Mapping[str, Asked]) -> Rule:
    need = Need(row["need"])
    duties = {one: known[row[one.value]] for one in Duty if one.value in row}
    if need is Need.CONSENT:
        duties[Duty.CONSENT] = _asked({name: row.get(name) for name in ("law", "says", "source", "checked", "room")})
    terms = tuple(_terms(row)) if Duty.CONSENT in duties else ()
    return Rule(need, row["law"], row["says"], row["source"], _checked(row), row["countries"], duties, terms)


def _terms(row: Mapping[str, Any]) -> Iterator[Term]:
    for one in row.get("accepts", _USUAL):
        place = (one.get("law", ""), one.get("says", ""), one.get("source", ""))
        yield Term(*place, one["basis"], one.get("months", 0), one.get("page", False))
    if row.get("companies"):
        yield from (Term("", "", "", basis, of_companies=True) for basis in LegalBasis)


def _asked(row: Mapping[str, Any]) -> Asked:
    room = Clause(**row["room"]) if row.get("room") else None
    return Asked(row["law"], row["says"], row["source"], _checked(row), room)


def _checked(row: Mapping[str, Any]) -> Checked:
    return Checked(row["checked"]["on"], Against(row["checked"]["against"]))


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "law.toml").read_text(encoding="utf-8"))


@cache
def _by_country() -> Mapping[str, Rule]:
    return {code: rule for rule in rules() for code in rule.countries}
