"""The list of the demo: many kinds of people and companies, and the faults of a real list."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from sending.sandbox.behaviour import Behaviour, behaviour_of
from sending.sandbox.people import COLUMNS, write_csv


def lines_of(path: Path, n: int = 1000) -> list[list[str]]:
    write_csv(path, n)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and "." in domain and "@" not in domain and " " not in local


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    return lines_of(tmp_path_factory.mktemp("people") / "people.csv")


def test_the_list_has_a_thousand_people_and_seven_faults(lines: list[list[str]]) -> None:
    head, *rows = lines
    assert tuple(head) == COLUMNS
    good = [row[0].lower() for row in rows if row and is_address(row[0])]
    assert len(set(good)) == 1000
    assert len(good) - len(set(good)) == 1, "one stands there twice"
    assert [row[0] for row in rows if row and row[0] and not is_address(row[0])] == [
        "not-an-address", "anna@@twice.test", "missing-domain@", "two words@acme.test",
    ]  # fmt: skip
    assert [len(row) for row in rows if not any(row)] == [len(COLUMNS), 0], "empty cells, an empty line"
    assert len(rows) == 1007


def test_faults_are_spread_through_the_list(lines: list[list[str]]) -> None:
    places = [number for number, row in enumerate(lines) if not row or not is_address(row[0])]
    assert min(b - a for a, b in pairwise(places[1:])) > 50


def test_every_behaviour_occurs_among_a_thousand(lines: list[list[str]]) -> None:
    found = Counter(behaviour_of(row[0]) for row in lines[1:] if row and is_address(row[0]))
    assert set(found) == set(Behaviour) - {Behaviour.SLOW}


def test_the_first_minute_shows_what_comes_back(lines: list[list[str]]) -> None:
    """The demo writes to people in the order of their addresses, to some sixty of them in its first minute."""
    addresses = sorted({row[0].lower() for row in lines[1:] if row and is_address(row[0])})
    early = {behaviour_of(address) for address in addresses[:40]}
    assert early >= {
        Behaviour.REPLY, Behaviour.OUT_OF_OFFICE, Behaviour.BOUNCE, Behaviour.OPT_OUT, Behaviour.REFUSE,
    }  # fmt: skip


def test_people_are_of_many_companies_places_and_scripts(lines: list[list[str]]) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in lines[1:] if row and is_address(row[0])]
    domains = {row["email"].lower().rpartition("@")[2] for row in rows}
    assert len(domains) == 350
    assert {domain.rpartition(".")[2] for domain in domains} == {"test", "example"}
    assert len({row["country"] for row in rows}) >= 12
    assert len({row["time_zone"] for row in rows} - {""}) >= 12
    assert sum(not row["last_name"].isascii() for row in rows) > 100
    assert any("\u4e00" <= row["last_name"][0] <= "\u9fff" for row in rows)
    assert all(row["email"].isascii() for row in rows)
    assert {"", "CEO"} <= {row["title"] for row in rows}
    assert 10 < sum(not row["first_name"] for row in rows) < 100
    assert any("\n" in row["note"] for row in rows)
    assert any('"' in row["note"] for row in rows)


def test_the_same_list_is_the_same_bytes_and_a_seed_changes_it(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    write_csv(first)
    write_csv(second)
    write_csv(other, seed=1)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("n", [0, 1, 5, 2000])
def test_any_length_is_written(tmp_path: Path, n: int) -> None:
    rows = lines_of(tmp_path / "people.csv", n)[1:]
    assert len({row[0].lower() for row in rows if row and is_address(row[0])}) == n
