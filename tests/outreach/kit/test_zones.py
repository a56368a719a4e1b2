"""Time zones as people type them."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit.zones import UnknownZone, common_zones, zone_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("  europe/BERLIN ", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
        ("Asia/Calcutta", "Asia/Calcutta"),
    ],
)
def test_case_and_spaces_do_not_matter(typed: str, name: str) -> None:
    assert zone_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("Europe/Berln", "Did you mean Europe/Berlin?"),
        ("Warsaw", "Did you mean Europe/Warsaw?"),
        ("New York", "Did you mean America/New_York?"),
        ("amerika/new_york", "Did you mean America/New_York?"),
        ("Kyiw", "Did you mean Europe/Kyiv?"),
        ("", "Write it as in Europe/Berlin."),
        ("zzzzzz", "Write it as in Europe/Berlin."),
        ("x" * 10_000, "Write it as in Europe/Berlin."),
    ],
)
def test_a_wrong_name_gets_the_nearest_right_one(typed: str, suggestion: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        zone_name(typed)
    assert str(caught.value).endswith(suggestion)
    assert len(str(caught.value)) < 160


@given(st.text(max_size=80))
def test_what_comes_back_is_a_zone_or_a_refusal(typed: str) -> None:
    try:
        name = zone_name(typed)
    except UnknownZone:
        return
    assert ZoneInfo(name).key == name


def test_what_is_offered_can_be_chosen() -> None:
    offered = common_zones()
    assert offered[0] == "UTC"
    assert {"Europe/Berlin", "Europe/Oslo", "America/New_York", "Asia/Kolkata"} <= set(offered) <= available_timezones()
    assert all(zone_name(zone) == zone for zone in offered)
