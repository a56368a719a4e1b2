"""The people of the demo: invented, diverse, the same each time, with the small faults of a real list."""

from __future__ import annotations

import csv
import random
import unicodedata
from dataclasses import dataclass
from pathlib import Path

# A day of the demo lasts 15 seconds: a month of sending passes in some minutes.
DEMO_TIME_SCALE = 5760
DEMO_ACCOUNTS = {
    "olivia@brightpath.test": "sandbox-olivia",
    "marcus@brightpath.test": "sandbox-marcus",
    "ines@brightpath.test": "sandbox-ines",
}
# With this seed each behaviour of the sandbox occurs among the first thousand, and answers, absences, bounces and
# opt-outs among those who are written to in the first minute; tests hold it to that.
DEMO_SEED = 86
COLUMNS = (
    "email", "first_name", "last_name", "company", "title", "city", "country", "time_zone", "industry", "note",
)  # fmt: skip
COMPANIES = 350

_FIRST = (
    "Anna", "Jonas", "Mei", "Priya", "Tomás", "Zoë", "Łukasz", "Amara", "Noah", "Sofía", "Elif", "Hugo",
    "Ingrid", "Kwame", "Leila", "Mateo", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sven", "Tariq",
    "Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Žofie", "Ana", "Björn", "Chloé", "Dmitri", "Eszter",
    "Fatima", "Giulia", "Hiroshi", "Ivana", "Jürgen", "Kiri", "Ngozi", "Aroha", "Đorđe", "Søren", "Marie-Claire",
)  # fmt: skip
_LAST = (
    "Kowalska", "Müller", "Chen", "Patel", "García", "Okafor", "Nowak", "Smith", "Y\u0131lmaz", "Dubois", "Larsen",
    "Mensah", "Haddad", "Fernández", "Petrov", "Lindqvist", "Novák", "Moreau", "Rossi", "Johansson", "Khan",
    "Schneider", "Ivanova", "Dąbrowski", "Silva", "Horváth", "Tanaka", "O'Brien", "van Dijk", "Ćosić", "Weber",
    "Costa", "Nguyễn", "Großmann", "Þórsdóttir", "Sørensen", "Wanjiru", "de la Cruz", "Ferreira-Lopes", "Iyer",
)  # fmt: skip
# Names in other scripts, each with its owner's own spelling in Latin letters.
_OTHER_SCRIPTS = (
    ("Ольга", "Орлова", "olga.orlova"), ("Νίκος", "Παππάς", "nikos.pappas"), ("陽子", "佐藤", "yoko.sato"),
    ("美玲", "李", "meiling.li"), ("ليلى", "حداد", "layla.haddad"), ("지우", "김", "jiwoo.kim"),
)  # fmt: skip
_WORDS = (
    "Bright", "Nord", "Clear", "Blue", "Alpine", "Harbor", "Cedar", "Lumen", "Vertex", "Maple", "Granite",
    "Delta", "Orbit", "Prime", "Coral", "Ember", "Swift", "Hill",
)  # fmt: skip
_INDUSTRIES = (
    "Logistics", "Foods", "Software", "Energy", "Labs", "Interiors", "Robotics", "Media", "Health", "Textiles",
    "Finance", "Travel", "Tools", "Farms",
)  # fmt: skip
_TITLES = ("Head of Operations", "CEO", "Marketing Lead", "Purchasing Manager", "CTO", "Office Manager", "Founder", "")
_PLACES = (
    ("Warsaw", "PL", "Europe/Warsaw"), ("Kraków", "PL", "Europe/Warsaw"), ("Berlin", "DE", "Europe/Berlin"),
    ("München", "DE", ""), ("Lyon", "FR", "Europe/Paris"), ("Madrid", "ES", "Europe/Madrid"),
    ("Austin", "US", "America/Chicago"), ("Boston", "US", "America/New_York"),
    ("Portland", "US", "America/Los_Angeles"), ("Toronto", "CA", "America/Toronto"),
    ("Leeds", "GB", "Europe/London"), ("Osaka", "JP", ""),
    ("São Paulo", "BR", "America/Sao_Paulo"), ("Utrecht", "NL", "Europe/Amsterdam"), ("Oslo", "NO", ""),
    ("Pune", "IN", "Asia/Kolkata"), ("Lagos", "NG", "Africa/Lagos"), ("Nairobi", "KE", "Africa/Nairobi"),
    ("Reykjavík", "IS", "Atlantic/Reykjavik"), ("Auckland", "NZ", "Pacific/Auckland"),
)  # fmt: skip
_NOTES = (
    "", "", "", "Met at the spring fair", "Asked for a brochure; wants prices", 'Says "call me"', "Uses a rival's tool",
    "Prefers mornings\nand short mails",
)  # fmt: skip
# Letters that Unicode does not take apart.
_LATIN = str.maketrans(
    {"Ł": "L", "ł": "l", "\u0131": "i", "ø": "o", "Ø": "O", "ß": "ss", "đ": "d", "Đ": "D", "Þ": "Th", "þ": "th"}
)


@dataclass(frozen=True, slots=True)
class _Company:
    name: str
    domain: str
    industry: str
    place: tuple[str, str, str]


def write_csv(path: Path, n: int = 1000, *, seed: int = DEMO_SEED) -> None:
    """Write `n` people who can be imported, and among them the rows that an import must reject or skip.

    These are four malformed addresses, a person who stands there already in other letters, a row of empty cells and
    an empty line. The same n and seed always give the same bytes.
    """
    draw = random.Random(seed)  # noqa: S311  # people of a demo, not secrets
    companies = [_company(draw, number) for number in range(COMPANIES)]
    people: dict[str, tuple[str, ...]] = {}
    while len(people) < n:
        # Each company has somebody before any has many.
        company = companies[len(people)] if len(people) < COMPANIES else draw.choice(companies)
        row = _person(draw, company)
        people.setdefault(row[0].lower(), row)
    rows = _with_faults(list(people.values()))
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _with_faults(people: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the people with the faulty rows spread among them."""
    if not people:
        return []
    someone = people[0]
    bad = ("not-an-address", "anna@@twice.test", "missing-domain@", "two words@acme.test")
    faults: list[tuple[str, ...]] = [(address, *someone[1:]) for address in bad]
    faults += [(someone[0].upper(), *someone[1:]), ("",) * len(COLUMNS), ()]
    rows = list(people)
    step = max(1, len(rows) // (len(faults) + 1))
    for number, fault in enumerate(faults, start=1):
        rows.insert(min(number * step + number - 1, len(rows)), fault)
    return rows


def _company(draw: random.Random, number: int) -> _Company:
    industry = draw.choice(_INDUSTRIES)
    name = f"{draw.choice(_WORDS)}{draw.choice(_WORDS).lower()}"
    ending = "test" if number % 4 else "example"
    return _Company(
        f"{name} {industry}", f"{name.lower()}-{industry.lower()}{number}.{ending}", industry, draw.choice(_PLACES)
    )


def _person(draw: random.Random, company: _Company) -> tuple[str, ...]:
    if draw.random() < 0.03:
        first, last, local = draw.choice(_OTHER_SCRIPTS)
    else:
        first, last = draw.choice(_FIRST), draw.choice(_LAST)
        local = f"{_latin(first)}.{_latin(last)}"
    # Some people have no first name in the list, as in real ones: the wording needs its fallback.
    shown = "" if draw.random() < 0.04 else first
    city, country, zone = company.place
    return (
        f"{local}@{company.domain}", shown, last, company.name, draw.choice(_TITLES),
        city, country, zone, company.industry, draw.choice(_NOTES),
    )  # fmt: skip


def _latin(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_LATIN)).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "").replace("'", "")
