"""Public holidays by country and part: what a person may write, what is refused, and names in English."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.calendar import Region, RegionProblem, is_known, parse_region, region_label, region_labels
from campaigns.calendar.regions import public_holidays

BAVARIA = Region("DE", "BY")
NO_COUNTRY = "is no country whose public holidays are known. Write DE or Germany; DE-BY for a part."
BRITISH = "There are GB-ENG (England), GB-NIR (Northern Ireland), GB-SCT (Scotland), GB-WLS (Wales)."


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("DE", Region("DE")),
        (" germany ", Region("DE")),
        ("DEU", Region("DE")),
        ("DE Germany", Region("DE")),
        ("de-by", BAVARIA),
        ("Germany,  bayern", BAVARIA),
        ("DE-BY Germany, Bayern", BAVARIA),
        ("UK", Region("GB")),
        ("us-ca", Region("US", "CA")),
        ("Hong Kong", Region("HK")),
        ("Guinea-Bissau", Region("GW")),
        ("BR-Sao Paulo Capital", Region("BR", "São Paulo Capital")),
    ],
)
def test_a_region_is_known_by_code_by_name_and_by_both(text: str, region: Region) -> None:
    assert parse_region(text) == region


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Germny", "“Germny” is no country whose public holidays are known. Did you mean DE Germany?"),
        ("XX", f"“XX” {NO_COUNTRY}"),
        ("", f"“” {NO_COUNTRY}"),
        ("GB-XX", f"“GB-XX” is no part of United Kingdom. {BRITISH}"),
        ("IS-1", "“IS-1”: Iceland has no parts with holidays of their own."),
        (
            "x" * 99,
            f"“{'x' * 60}” {NO_COUNTRY}",
        ),
    ],
)
def test_what_is_no_region_is_refused_with_what_there_is(text: str, words: str) -> None:
    with pytest.raises(RegionProblem) as refused:
        parse_region(text)
    assert str(refused.value) == words


def test_a_long_row_of_parts_is_cut() -> None:
    with pytest.raises(RegionProblem, match=r"^“US-XX” is no part of United States. There are .* and \d+ more\.$"):
        parse_region("US-XX")


def test_every_label_is_read_again_and_fits_into_the_table() -> None:
    labels = region_labels()
    assert len(labels) == len(set(labels)) > 800
    for label in labels:
        region = parse_region(label)
        assert (region_label(region), is_known(region)) == (label, True)
        assert len(region.country) == 2
        assert len(region.part) <= 40


def test_every_region_can_be_reckoned_in_each_year_that_a_plan_asks_for() -> None:
    this_year = date.today().year  # noqa: DTZ011 - the years that count are those around the day on which this runs
    for label in region_labels():
        for year in range(this_year - 1, this_year + 4):
            days = public_holidays(parse_region(label), year)
            assert all(day.year == year and name for day, name in days.items()), label


def test_only_days_off_count_and_their_names_are_english() -> None:
    germany, bavaria = public_holidays(Region("DE"), 2026), public_holidays(BAVARIA, 2026)
    assert germany[date(2026, 4, 3)] == "Good Friday"
    assert bavaria[date(2026, 1, 6)] == "Epiphany"
    assert date(2026, 1, 6) not in germany
    assert date(2026, 8, 15) not in bavaria, "a holiday of Catholic parishes alone is no day off of all"
    assert public_holidays(Region("US"), 2026)[date(2026, 7, 3)] == "Independence Day (observed)"
    assert date(2026, 2, 14) not in public_holidays(Region("US"), 2026), "Valentine's Day is unofficial"
    assert public_holidays(Region("JP"), 2026)[date(2026, 1, 1)] == "New Year's Day"


def test_a_region_that_is_not_known_any_more_has_no_holidays() -> None:
    for region in (Region("XX"), Region("DE", "XX")):
        assert not is_known(region)
        assert public_holidays(region, 2026) == {}
    assert region_label(Region("XX", "1")) == "XX-1 XX-1"
