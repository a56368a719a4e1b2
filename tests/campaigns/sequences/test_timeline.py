"""On which days the steps of a sequence fall."""

from __future__ import annotations

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences.timeline import days_of

OFFICE_DAYS = range(1, 6)


def days(*waits: tuple[int, WaitUnit], weekdays: range = OFFICE_DAYS) -> list[str]:
    return [str(one) for one in days_of([Wait(0, WaitUnit.DAYS), *(Wait(*one) for one in waits)], weekdays=weekdays)]


def test_calendar_days_add_up() -> None:
    assert days((3, WaitUnit.DAYS), (4, WaitUnit.DAYS)) == ["day 0", "day 3", "day 7"]


def test_business_days_are_a_span_where_a_weekend_may_come_between() -> None:
    assert days((3, WaitUnit.BUSINESS_DAYS)) == ["day 0", "day 3\u20135"]
    assert days((5, WaitUnit.BUSINESS_DAYS)) == ["day 0", "day 7"]


def test_business_days_of_a_campaign_that_begins_on_mondays_come_out_the_same() -> None:
    assert days((3, WaitUnit.BUSINESS_DAYS), weekdays=range(1, 2)) == ["day 0", "day 3"]


def test_hours_may_end_on_the_same_day_or_on_the_next() -> None:
    assert days((10, WaitUnit.HOURS)) == ["day 0", "day 0\u20131"]
    assert days((48, WaitUnit.HOURS)) == ["day 0", "day 2"]
