"""The people of the demo: invented, diverse, the same each time, with the small faults of a real list."""

from __future__ import annotations

import csv
import random
import unicodedata
from pathlib import Path

# A day of the demo lasts 15 seconds: a month of sending passes in some minutes.
DEMO_TIME_SCALE = 5760
DEMO_ACCOUNTS = {
    "olivia@brightpath.test": "sandbox-olivia",
    "marcus@brightpath.test": "sandbox-marcus",
    "ines@brightpath.test": "sandbox-ines",
}
COLUMNS = (
    "Email", "First name", "Last name", "Company", "Job title", "City", "Country", "Time zone", "Industry",
    "Note",
)  # fmt: skip

_FIRST = (
    "Anna", "Jonas", "Mei", "Priya", "Tomás", "Zoë", "Łukasz", "Amara", "Noah", "Sofía", "Elif", "Hugo",
    "Ingrid", "Kwame", "Leila", "Mateo", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sven", "Tariq",
    "Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Žofie", "Ana", "Björn", "Chloé", "Dmitri", "Eszter",
    "Fatima", "Giulia", "Hiroshi", "Ivana", "Jürgen",
)  # fmt: skip
_LAST = (
    "Kowalska", "Müller", "Chen", "Patel", "García", "Okafor", "Nowak", "Smith", "Y\u0131lmaz", "Dubois", "Larsen",
    "Mensah", "Haddad", "Fernández", "Petrov", "Lindqvist", "Novák", "Moreau", "Rossi", "Johansson", "Khan",
    "Schneider", "Ivanova", "Dąbrowski", "Silva", "Horváth", "Tanaka", "O'Brien", "van Dijk", "Ćosić", "Weber",
    "Costa",
)  # fmt: skip
_WORDS = (
    "Bright", "Nord", "Clear", "Blue", "Alpine", "Harbor", "Cedar", "Lumen", "Vertex", "Maple", "Granite",
    "Delta", "Orbit", "Prime", "Coral", "Ember", "Swift", "Hill",
)  # fmt: skip
_KINDS = (
    "Logistics", "Foods", "Software", "Energy", "Labs", "Interiors", "Robotics", "Media", "Health", "Textiles",
    "Finance", "Travel", "Tools", "Farms",
)  # fmt: skip
_TITLES = ("Head of Operations", "CEO", "Marketing Lead", "Purchasing Manager", "CTO", "Office Manager", "Founder", "")
_PLACES = (
    ("Warsaw", "PL", "Europe/Warsaw"), ("Berlin", "DE", "Europe/Berlin"), ("Lyon", "FR", "Europe/Paris"),
    ("Madrid", "ES", "Europe/Madrid"), ("Austin", "US", "America/Chicago"), ("Boston", "US", "America/New_York"),
    ("Leeds", "GB", "Europe/London"), ("Osaka", "JP", ""), ("São Paulo", "BR", "America/Sao_Paulo"),
    ("Utrecht", "NL", "Europe/Amsterdam"), ("Oslo", "NO", ""), ("Pune", "IN", "Asia/Kolkata"),
)  # fmt: skip
_NOTES = (
    "", "", "", "Met at the spring fair", "Asked for a brochure; wants prices", 'Says "call me"', "Uses a rival's tool",
)  # fmt: skip
_COMPANIES = 350
# Letters that Unicode does not take apart.
_WITHOUT_STROKE = str.maketrans("Łł\u0131øØ", "LlioO")


def write_csv(path: Path, *, count: int = 1000, seed: int = 7) -> None:
    """Write `count` people, and four rows that an import must reject: two bad addresses, a twin, an empty row."""
    draw = random.Random(seed)  # noqa: S311  # people of a demo, not secrets
    companies = [_company(draw, number) for number in range(_COMPANIES)]
    rows: dict[str, tuple[str, ...]] = {}
    while len(rows) < count:
        row = _person(draw, companies)
        rows.setdefault(row[0].lower(), row)
    people = list(rows.values())
    faults = [("not-an-address", *people[0][1:]), ("anna@@twice.test", *people[1][1:]), people[2], ("",) * len(COLUMNS)]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(people[: count // 2] + faults + people[count // 2 :])


def _company(draw: random.Random, number: int) -> tuple[str, str, str, tuple[str, str, str]]:
    kind = draw.choice(_KINDS)
    name = f"{draw.choice(_WORDS)}{draw.choice(_WORDS).lower()} {kind}"
    domain = f"{name.partition(' ')[0].lower()}-{kind.lower()}{number}.test"
    return name, domain, kind, draw.choice(_PLACES)


def _person(draw: random.Random, companies: list[tuple[str, str, str, tuple[str, str, str]]]) -> tuple[str, ...]:
    first, last = draw.choice(_FIRST), draw.choice(_LAST)
    company, domain, industry, (city, country, zone) = draw.choice(companies)
    local = f"{_ascii(first)}.{_ascii(last)}".lower().replace(" ", "").replace("'", "")
    # Some people have no first name in the list, as in real ones: the wording needs its fallback.
    shown = "" if draw.random() < 0.04 else first
    return (
        f"{local}@{domain}", shown, last, company, draw.choice(_TITLES),
        city, country, zone, industry, draw.choice(_NOTES),
    )  # fmt: skip


def _ascii(text: str) -> str:
    plain = text.translate(_WITHOUT_STROKE)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
