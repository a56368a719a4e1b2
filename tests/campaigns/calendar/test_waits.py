"""Waits: hours elapse, days are days of the calendar, business days leave out weekends and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import Wait, WaitUnit, wait_until

pytestmark = pytest.mark.usefixtures("each_server_zone")

BERLIN = ZoneInfo("Europe/Berlin")


def over(sent_at: str, amount: int, unit: WaitUnit, zone: ZoneInfo = BERLIN) -> str:
    sent = datetime.fromisoformat(sent_at).replace(tzinfo=zone).astimezone(UTC)
    return wait_until(sent, Wait(amount, unit), zone).astimezone(zone).isoformat()


@pytest.mark.parametrize(
    ("sent_at", "amount", "unit", "is_over"),
    [
        ("2026-11-24T10:00", 90, WaitUnit.MINUTES, "2026-11-24T11:30:00+01:00"),
        ("2026-10-24T10:00", 48, WaitUnit.HOURS, "2026-10-26T09:00:00+01:00"),  # elapsed, over a clock change
        ("2026-10-24T10:00", 2, WaitUnit.DAYS, "2026-10-26T10:00:00+01:00"),  # the same time of the day
        ("2027-03-27T02:30", 1, WaitUnit.DAYS, "2027-03-28T03:00:00+02:00"),  # a time that is not there
        ("2026-10-24T02:30", 1, WaitUnit.DAYS, "2026-10-25T02:30:00+02:00"),  # the first of two
        ("2028-02-28T10:00", 1, WaitUnit.DAYS, "2028-02-29T10:00:00+01:00"),
        ("2026-12-30T10:00", 3, WaitUnit.DAYS, "2027-01-02T10:00:00+01:00"),
        ("2026-11-26T10:00", 3, WaitUnit.BUSINESS_DAYS, "2026-12-01T10:00:00+01:00"),  # Thursday
        ("2026-11-28T10:00", 1, WaitUnit.BUSINESS_DAYS, "2026-11-30T10:00:00+01:00"),  # Saturday
        ("2026-11-24T10:00", 0, WaitUnit.BUSINESS_DAYS, "2026-11-24T10:00:00+01:00"),
    ],
)
def test_wait_is_over(sent_at: str, amount: int, unit: WaitUnit, is_over: str) -> None:
    assert over(sent_at, amount, unit) == is_over


def test_a_day_in_apia_leads_over_the_lost_one() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert over("2011-12-29T10:00", 1, WaitUnit.DAYS, apia) == "2011-12-31T00:00:00+14:00"
    assert over("2011-12-29T10:00", 2, WaitUnit.DAYS, apia) == "2011-12-31T10:00:00+14:00"


def test_weekend_and_holidays_are_those_of_the_country() -> None:
    riyadh = ZoneInfo("Asia/Riyadh")
    sent = datetime(2026, 11, 26, 7, tzinfo=UTC)  # Thursday
    wait = Wait(1, WaitUnit.BUSINESS_DAYS)
    assert wait_until(sent, wait, riyadh, weekend=(5, 6)).date() == date(2026, 11, 29)
    assert wait_until(sent, wait, riyadh, weekend=(5, 6), holidays={date(2026, 11, 29)}).date() == date(2026, 11, 30)


def test_week_without_business_days_is_an_error_and_no_endless_search() -> None:
    sent = datetime(2026, 11, 26, 7, tzinfo=UTC)
    with pytest.raises(ValueError, match="without business days"):
        wait_until(sent, Wait(1, WaitUnit.BUSINESS_DAYS), BERLIN, weekend=range(1, 8))


@pytest.mark.parametrize("amount", [-1, 3_661, 10**12])
def test_impossible_wait_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="no such wait"):
        Wait(amount, WaitUnit.DAYS)


def test_naive_sending_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        wait_until(datetime(2026, 11, 26, 7), Wait(1, WaitUnit.HOURS), BERLIN)  # noqa: DTZ001  # what is tested
