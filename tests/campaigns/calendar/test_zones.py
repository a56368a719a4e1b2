"""Zones by name and by country."""

from __future__ import annotations

import pytest

from campaigns.calendar import ZoneProblem, parse_zone, zone_of_country, zone_of_place, zones
from tests.campaigns.calendar.clocks import all_zones


def test_every_name_of_the_zone_data_is_known_in_any_case() -> None:
    for name in all_zones():
        assert parse_zone(name).key == parse_zone(f" {name.upper()} ").key == name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("Pacific Time", "America/Los_Angeles"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("utc", "UTC"),
        ("Z", "Etc/UTC"),
    ],
)
def test_usual_ways_to_write_a_zone_are_understood(written: str, meant: str) -> None:
    assert parse_zone(written).key == meant


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("Europe/Berln", "Did you mean Europe/Berlin?"),
        ("Amercia/New_York", "Did you mean America/New_York?"),
        ("berlni", "Did you mean Europe/Berlin?"),
        ("", "Write it as in Europe/Berlin."),
        ("x" * 10_000, "Write it as in Europe/Berlin."),
        ("../../etc/passwd", "Write it as in Europe/Berlin."),
        ("CST", "Write it as in Europe/Berlin."),
    ],
)
def test_other_names_are_refused_with_a_way_out(written: str, hint: str) -> None:
    with pytest.raises(ZoneProblem, match="is not a time zone") as caught:
        parse_zone(written)
    assert str(caught.value).endswith(hint)
    assert len(str(caught.value)) < 160


def test_a_file_of_bad_zones_is_compared_with_few_names_each_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    likeness = zones._likeness

    def likeness_counted(one: str, other: str) -> float:
        compared.append(one)
        return likeness(one, other)

    monkeypatch.setattr(zones, "_likeness", likeness_counted)
    names = [f"Europa/Berlin {number}" for number in range(200)]
    for name in [*names, *names]:
        with pytest.raises(ZoneProblem):
            parse_zone(name)
    assert 200 <= len(compared) <= 200 * 12, "each name of the file is compared with all zones, or more than once"


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("FR", "Europe/Paris"),
        ("gb", "Europe/London"),
        ("DE", "Europe/Berlin"),  # Büsingen has its own name and the same clock
        ("AR", "America/Argentina/Buenos_Aires"),
        ("IN", "Asia/Kolkata"),
        ("US", None),
        ("ES", None),  # the Canaries
        ("CN", None),
        ("XX", None),
        ("", None),
    ],
)
def test_country_has_a_zone_only_when_all_its_clocks_agree(code: str, zone: str | None) -> None:
    assert zone_of_country(code) == zone


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("US", "CA", "America/Los_Angeles"),
        ("US", "us-ny", "America/New_York"),
        ("US", " new york ", "America/New_York"),
        ("US", "Texas", None),  # El Paso
        ("US", "Bavaria", None),
        ("CA", "Alberta", "America/Edmonton"),
        ("AU", "WA", "Australia/Perth"),
        ("AU", "NSW", None),  # Broken Hill
        ("BR", "São Paulo", "America/Sao_Paulo"),
        ("BR", "sao paulo", "America/Sao_Paulo"),
        ("DE", "CA", "Europe/Berlin"),  # one zone, whatever the region
        ("", "CA", None),
    ],
)
def test_a_region_tells_the_zone_of_a_country_with_several(country: str, region: str, zone: str | None) -> None:
    assert zone_of_place(country, region) == zone


def test_every_zone_of_a_region_is_one_of_its_country() -> None:
    known = zones._country_zones()
    for (country, region), zone in zones._region_zones().items():
        assert zone in known[country], (region, zone)
