"""What counts as the consent that a law needs, of what is on record with the import that somebody came with.

The terms are the table's (law.toml): asked of one person here, and of many in a statement.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaigns.contacts.states import LegalBasis, Subscribers
from sending.planner.lawful.law import Duty, Term, duty_of, name_of, rules, terms_of

# Of a contact c: its country by its code, "" where none is known.
CODE = """COALESCE(NULLIF(c.country, ''), CASE upper(substring(c.domain FROM '[^.]+$')) WHEN 'UK' THEN 'GB'
         WHEN 'US' THEN '' ELSE upper(substring(c.domain FROM '[^.]+$')) END, '')"""
_TERMS = """unnest(%s::varchar[], %s::varchar[], %s::integer[], %s::boolean[], %s::boolean[])
           AS t(country, basis, months, needs_page, of_companies)"""
_HOLDS = """i.workspace_id = %s
       AND (t.months = 0 OR i.basis_on + make_interval(months => t.months) >= %s::date)
       AND (NOT t.needs_page OR i.basis_on IS NOT NULL AND i.basis_page <> '')
       AND (NOT t.of_companies OR i.subscribers = 'companies')"""
# Of a contact c: whether its import, or a later one that stated a ground for it, is what the law of its country takes
# for a consent, or it is a company to a law that spares them: what is said of itself counts before what its imports
# say. Values: accepted_values. The imports are read once, the later grounds by contact.
_BY_IMPORT = f"""(COALESCE(c.origin_id, 0), {CODE}) IN (
    SELECT i.id, t.country FROM {_TERMS} JOIN contacts_import i ON i.legal_basis = t.basis WHERE {_HOLDS}"""  # noqa: S608
ACCEPTED = f"""(c.subscriber_kind = 'companies' AND {CODE} = ANY(%s::varchar[])
 OR {_BY_IMPORT} AND NOT t.of_companies)
 OR c.subscriber_kind = '' AND {_BY_IMPORT} AND t.of_companies)
 OR EXISTS (
    SELECT 1 FROM contacts_ground k JOIN contacts_import i ON i.id = k.contact_import_id
      JOIN {_TERMS} ON t.basis = k.basis
     WHERE k.contact_id = c.id AND t.country = {CODE} AND {_HOLDS}
       AND (NOT t.of_companies OR c.subscriber_kind = '')))"""  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record with the import that somebody came with. subscribers: as it is said of them, else of all."""

    basis: LegalBasis = LegalBasis.UNSTATED
    on: date | None = None
    page: str = ""
    subscribers: Subscribers = Subscribers.UNSTATED


def accepted_values(workspace_id: int, today: date) -> list[Any]:
    """Return the values of ACCEPTED."""
    all_terms = [(code, term) for rule in rules() for code in rule.countries for term in rule.terms]
    values = [
        [code for code, _ in all_terms],
        [term.basis for _, term in all_terms],
        [term.months for _, term in all_terms],
        [term.needs_page for _, term in all_terms],
        [term.of_companies for _, term in all_terms],
        workspace_id,
        today,
    ]
    sparing = sorted({code for code, term in all_terms if term.of_companies})
    return [sparing, *values, *values, *values]


def asking_codes() -> list[str]:
    """Return the countries whose law needs a consent of some or all of their people."""
    return [code for rule in rules() if Duty.CONSENT in rule.duties for code in rule.countries]


def is_enough(code: str, grounds: Collection[LegalBasis]) -> bool:
    """Say whether a ground that holds for everybody, without day and page, is a consent to the law of a country."""
    return any(term.is_plain and term.basis in grounds for term in terms_of(code))


def why_lacking(code: str, known: OnRecord, today: date) -> str:
    """Return why somebody of a country may not be written to, "" where a consent is on record, or none is needed."""
    asked = duty_of(code, Duty.CONSENT)
    if asked is None or any(_holds(term, known, today) for term in terms_of(code)):
        return ""
    words = f"No consent is on record, and {asked.law} needs it for people in {name_of(code)}."
    return " ".join([words, *(_short_of(term, known) for term in terms_of(code) if term.basis == known.basis)]).strip()


def _holds(term: Term, known: OnRecord, today: date) -> bool:
    if term.basis != known.basis or (term.of_companies and known.subscribers != Subscribers.COMPANIES):
        return False
    if term.needs_page and not (known.on and known.page):
        return False
    return not term.months or (known.on is not None and ends(known.on, term.months) >= today)


def _short_of(term: Term, known: OnRecord) -> str:
    """Say what a ground that would count lacks."""
    if term.of_companies and known.subscribers == Subscribers.UNSTATED:
        return "Companies need none, and nobody has said that these are at some."
    if term.of_companies:
        return "They are individuals to that law, as sole traders and partners are."
    if term.needs_page and not (known.on and known.page):
        return f"By {term.law} a published address counts, with its page and the day on record."
    if term.months and known.on is None:
        return f"By {term.law} it counts for {term.months} months, and no day of it is on record."
    return f"By {term.law} it counted until {ends(known.on, term.months):%d %B %Y}." if known.on else ""


def ends(on: date, months: int) -> date:
    """Return the last day of some months that begin with a day, as PostgreSQL reckons: the 31st may be the 28th."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))
